import { decodeUrl, isUrlBase64 } from './base64.js';
import { endOf, readableSql } from './readable.js';
import type { Shape, SqlLayer } from './shape.js';

/** Version, timestamp and IV; one block of AES-CBC; HMAC. */
const HEAD_BYTES = 1 + 8 + 16;
const MAC_BYTES = 32;
const BLOCK_BYTES = 16;

const start = (value: string) => `${value} like 'gAAAA%'`;

const layers: readonly SqlLayer[] = [
  [
    [
      'body',
      `case when ${start('v')} and ${isUrlBase64('v', HEAD_BYTES + BLOCK_BYTES + MAC_BYTES)} then ${decodeUrl('v')} end`,
    ],
  ],
  [['tail', endOf('body')]],
];

/**
 * A Fernet token: version byte 0x80 and a time before 2106, which together always begin so. Its length is 57 bytes
 * and whole blocks of 16. Its specification wants the padding, and no library opens one without.
 */
export const fernet: Shape = {
  takes: 'text',
  start,
  layers,
  quick: {
    layers,
    state: `case when v is null or v = '' then 'null' when body is null or (octet_length(body) - ${HEAD_BYTES + MAC_BYTES}) % ${BLOCK_BYTES} <> 0 or ${readableSql('body', 'tail', HEAD_BYTES)} then 'unsure' else 'encrypted' end`,
  },
  state: `case
    when v is null or v = '' then 'null'
    when not ${start('v')} then 'plaintext_suspect'
    when body is null or (octet_length(body) - ${HEAD_BYTES + MAC_BYTES}) % ${BLOCK_BYTES} <> 0 then 'malformed'
    when ${readableSql('body', 'tail', HEAD_BYTES)} then 'plaintext_suspect'
    else 'encrypted' end`,
  version: 'null::text',
  // The IV begins at the ninth byte; 126 of its 128 bits stand in these characters, the same in every row.
  nonce: 'substr(v, 13, 21)',
  payload: 'v',
  shortSpans: [{ from: HEAD_BYTES, behind: MAC_BYTES }],
  inside: { bytes: 'body', from: [HEAD_BYTES] },
  // PKCS#7 adds one to sixteen bytes.
  plaintext: {
    least: `octet_length(body) - ${HEAD_BYTES + MAC_BYTES + BLOCK_BYTES}`,
    most: `octet_length(body) - ${HEAD_BYTES + MAC_BYTES + 1}`,
  },
};
