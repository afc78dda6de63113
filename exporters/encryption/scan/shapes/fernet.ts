import { isUrlBase64 } from './base64.js';
import type { Shape } from './shape.js';

/** Version, timestamp, IV, one block of AES-CBC, HMAC. */
const SHORTEST_BYTES = 1 + 8 + 16 + 16 + 32;

/**
 * A Fernet token: version byte 0x80 and a time before 2106, which together always begin so. Its length is 57 bytes
 * and whole blocks of 16.
 */
export const fernet: Shape = {
  takes: 'text',
  parts: [
    ['is_empty', `v is null or v = ''`],
    ['has_start', `v like 'gAAAA%'`],
    ['token', `rtrim(v, '=')`],
  ],
  state: `case
    when is_empty then 'null'
    when not has_start then 'plaintext_suspect'
    when not ${isUrlBase64('token', SHORTEST_BYTES)} or (octet_length(token) * 3 / 4 - 57) % 16 <> 0 then 'malformed'
    else 'encrypted' end`,
  version: 'null::text',
  // The IV begins at the ninth byte; 126 of its 128 bits stand in these characters, the same in every row.
  nonce: 'substr(token, 13, 21)',
  payload: 'token',
};
