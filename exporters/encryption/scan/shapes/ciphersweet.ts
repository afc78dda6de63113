import { isUrlBase64 } from './base64.js';
import type { Shape } from './shape.js';

/** A nonce of 24 bytes and a tag of 16; or a MAC of 48, a salt of 32 and a nonce of 16. */
const SHORTEST_BYTES = { modern: 40, fips: 96 };

/** CipherSweet's three backends, each with a prefix of five characters. */
export const ciphersweet: Shape = {
  takes: 'text',
  parts: [
    ['is_empty', `v is null or v = ''`],
    ['prefix', 'left(v, 5)'],
    ['payload', 'substr(v, 6)'],
  ],
  state: `case
    when is_empty then 'null'
    when prefix not in ('nacl:', 'brng:', 'fips:') then 'plaintext_suspect'
    when prefix = 'fips:' and not ${isUrlBase64('payload', SHORTEST_BYTES.fips)} then 'malformed'
    when not ${isUrlBase64('payload', SHORTEST_BYTES.modern)} then 'malformed'
    else 'encrypted' end`,
  version: 'null::text',
  // Salt and nonce follow the MAC in the first form; in the other two the nonce comes first.
  nonce: `case when prefix = 'fips:' then substr(payload, 65, 64) else substr(payload, 1, 32) end`,
  payload: 'payload',
};
