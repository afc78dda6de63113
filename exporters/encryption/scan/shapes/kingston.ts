import { isBase64, isReadable } from './base64.js';
import type { Shape } from './shape.js';

/** Bytes of the nonce by the algorithm's mode. */
const nonceBytes = `case
  when algorithm in ('AES-256-GCM', 'AES-128-GCM') then 12
  when algorithm ~* 'XCHACHA|XSALSA' then 24
  when algorithm ~* 'GCM|CCM|OCB|CHACHA20|SIV' then 12
  when algorithm ~* 'CBC|CTR' then 16 end`;

/** An authenticated mode adds a tag of 16 bytes, CBC pads to 16: nothing is shorter. */
const SHORTEST_BYTES = 16;

/** Names of algorithms, so that no sentence passes for one. */
const isAlgorithm = `nonce_bytes is not null or algorithm ~ '^[A-Za-z0-9][A-Za-z0-9_+/-]{2,39}$'`;

const isNonce = `(nonce_bytes is null or octet_length(bare_nonce) * 3 / 4 = nonce_bytes)
  and ${isBase64('nonce', 8, 'bare_nonce')}`;

/**
 * `{algorithm, ciphertext, nonce, key_version}` in a jsonb column, with whatever else beside it. An object with one of
 * these keys has the beginning of the form.
 */
export const kingston: Shape = {
  takes: 'document',
  parts: [
    ['kind', 'jsonb_typeof(v)'],
    ['has_start', `v ?| array['ciphertext', 'nonce', 'algorithm', 'key_version']`],
    ['is_empty', `v = '""'::jsonb`],
    ['algorithm', `v ->> 'algorithm'`],
    ['ciphertext', `v ->> 'ciphertext'`],
    ['nonce', `v ->> 'nonce'`],
    ['key_version', `v ->> 'key_version'`],
  ],
  more: [
    ['nonce_bytes', nonceBytes],
    ['bare_nonce', `rtrim(nonce, '=')`],
    ['bare', `rtrim(ciphertext, '=')`],
  ],
  state: `case
    when kind is null or kind = 'null' or is_empty then 'null'
    when kind <> 'object' or not has_start then 'plaintext_suspect'
    when algorithm is null or ciphertext is null or nonce is null or key_version is null then 'malformed'
    when not (${isAlgorithm}) or not (${isNonce}) or not ${isBase64('ciphertext', SHORTEST_BYTES, 'bare')} then 'malformed'
    when ${isReadable('ciphertext')} then 'plaintext_suspect'
    else 'encrypted' end`,
  version: 'key_version',
  nonce: 'nonce',
  payload: 'ciphertext',
};
