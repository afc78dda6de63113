import { isBase64, isReadable } from './base64.js';
import type { Shape } from './shape.js';

/** A nonce of 12 bytes and a tag of 16, around nothing. */
const SHORTEST_BYTES = 28;

/** `vault:vN:base64` of Vault's and OpenBao's transit engine; `vault:` is its beginning. */
export const transit: Shape = {
  takes: 'text',
  parts: [
    ['is_empty', `v is null or v = ''`],
    ['has_start', `v like 'vault:%'`],
    ['version', `split_part(v, ':', 2)`],
    ['payload', `substr(v, length(split_part(v, ':', 2)) + 8)`],
  ],
  more: [['bare', `rtrim(payload, '=')`]],
  state: `case
    when is_empty then 'null'
    when not has_start then 'plaintext_suspect'
    when version !~ '^v[1-9][0-9]{0,8}$' or not ${isBase64('payload', SHORTEST_BYTES, 'bare')} then 'malformed'
    when ${isReadable('payload')} then 'plaintext_suspect'
    else 'encrypted' end`,
  version: 'version',
  // 12 bytes are exactly these characters.
  nonce: 'substr(payload, 1, 16)',
  payload: 'payload',
};
