import { decodeUrl, isUrlBase64 } from './base64.js';
import { endOf, readableSql } from './readable.js';
import type { Shape, SqlLayer } from './shape.js';
import { isEncodedAgain } from './unwrap.js';

/**
 * Bytes before the ciphertext, and behind it. ModernCrypto: nonce, ciphertext, tag. BoringCrypto: nonce, MAC,
 * ciphertext. FIPSCrypto: salt, nonce, MAC, ciphertext.
 */
const layouts = {
  nacl: { nonce: 24, head: 24, tail: 16 },
  brng: { nonce: 24, head: 24 + 32, tail: 0 },
  fips: { nonce: 32 + 16, head: 32 + 16 + 48, tail: 0 },
} as const;

const ofBackend = (value: (layout: (typeof layouts)[keyof typeof layouts]) => number) =>
  `case prefix ${Object.entries(layouts)
    .map(([name, layout]) => `when '${name}' then ${value(layout)}`)
    .join(' ')} end`;

const start = (value: string) => `left(${value}, 5) in ('nacl:', 'brng:', 'fips:')`;

const layers: readonly SqlLayer[] = [
  [
    ['prefix', `split_part(v, ':', 1)`],
    ['payload', `split_part(v, ':', 2)`],
  ],
  [
    ['head_bytes', ofBackend(({ head }) => head)],
    [
      'body',
      `case when ${start('v')} and octet_length(v) = 5 + octet_length(payload)
          and ${isUrlBase64('payload', layouts.nacl.head + layouts.nacl.tail)} then ${decodeUrl('payload')} end`,
    ],
  ],
  [['tail', endOf('body')]],
];

/** CipherSweet's three backends, each with a prefix of its own. Base64 is padded, in PHP and in JavaScript. */
export const ciphersweet: Shape = {
  takes: 'text',
  start,
  layers,
  quick: {
    layers,
    state: `case when v is null or v = '' then 'null' when body is null or octet_length(body) < ${ofBackend(({ head, tail }) => head + tail)} or ${readableSql('body', 'tail', 'head_bytes')} then 'unsure' else 'encrypted' end`,
  },
  state: `case
    when v is null or v = '' then 'null'
    when not ${start('v')} then 'plaintext_suspect'
    when body is null or octet_length(body) < ${ofBackend(({ head, tail }) => head + tail)} then 'malformed'
    when ${readableSql('body', 'tail', 'head_bytes')} then case when ${isEncodedAgain('body')} then 'wrapped' else 'plaintext_suspect' end
    else 'encrypted' end`,
  version: 'null::text',
  nonce: `left(payload, ${ofBackend(({ nonce }) => (nonce * 4) / 3)})`,
  payload: 'payload',
  shortSpans: [
    { from: 'head_bytes', behind: 0 },
    { from: 'head_bytes', behind: ofBackend(({ tail }) => tail) },
  ],
  inside: { bytes: 'body', from: [0, 'head_bytes'] },
  plaintext: {
    least: `octet_length(body) - ${ofBackend(({ head, tail }) => head + tail)}`,
    most: `octet_length(body) - ${ofBackend(({ head, tail }) => head + tail)}`,
  },
};
