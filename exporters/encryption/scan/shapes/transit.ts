import { isBase64 } from './base64.js';
import { endOf, readableSql } from './readable.js';
import type { Shape, SqlLayer } from './shape.js';
import { isEncodedAgain } from './unwrap.js';

/** A nonce of 12 bytes and a tag of 16, around nothing. */
const NONCE_BYTES = 12;
const TAG_BYTES = 16;
const SHORTEST_BYTES = NONCE_BYTES + TAG_BYTES;

const start = (value: string) => `${value} like 'vault:%'`;

const layers: readonly SqlLayer[] = [
  [
    ['version', `split_part(v, ':', 2)`],
    ['payload', `split_part(v, ':', 3)`],
  ],
  [
    [
      'body',
      `case when ${start('v')} and version ~ '^v[1-9][0-9]{0,8}$'
          and octet_length(v) = 7 + octet_length(version) + octet_length(payload)
          and ${isBase64('payload', SHORTEST_BYTES)} then decode(payload, 'base64') end`,
    ],
  ],
  [['tail', endOf('body')]],
];

/** `vault:vN:base64` of Vault's and OpenBao's transit engine; `vault:` is its beginning. */
export const transit: Shape = {
  takes: 'text',
  start,
  layers,
  quick: {
    layers,
    state: `case when v is null or v = '' then 'null' when body is null or ${readableSql('body', 'tail', NONCE_BYTES)} then 'unsure' else 'encrypted' end`,
  },
  state: `case
    when v is null or v = '' then 'null'
    when body is not null and not ${readableSql('body', 'tail', NONCE_BYTES)} then 'encrypted'
    when body is not null and ${isEncodedAgain('body')} then 'wrapped'
    when body is not null or not ${start('v')} then 'plaintext_suspect'
    else 'malformed' end`,
  version: 'version',
  // 12 bytes are exactly these characters.
  nonce: 'left(payload, 16)',
  payload: 'payload',
  shortSpans: [
    { from: 0, behind: 0 },
    { from: NONCE_BYTES, behind: 0 },
    { from: NONCE_BYTES, behind: TAG_BYTES },
  ],
  inside: { bytes: 'body', from: [0, NONCE_BYTES] },
  plaintext: { least: `octet_length(body) - ${SHORTEST_BYTES}`, most: `octet_length(body) - ${SHORTEST_BYTES}` },
};
