import type { Shape } from './shape.js';

/** Session key and encrypted data, of nothing. */
const SHORTEST_BYTES = 40;

/**
 * What `pgp_sym_encrypt` and `pgp_pub_encrypt` return, or any OpenPGP message: a packet with an encrypted session key
 * (tags 1 and 3), in one of its versions, then another one or the encrypted data (tags 9, 18, 20). It shows no nonce.
 *
 * The version tells a broken message from text: the first byte of É in UTF-8 is that of a packet.
 */
export const pgp: Shape = {
  takes: 'bytes',
  parts: [
    ['is_empty', 'v is null or length(v) = 0'],
    // Lengths of 192 and more take two bytes in the new form of a packet, all do in some of the old ones.
    ['has_start', `encode(substr(v, 1, 4), 'hex') ~ '^(c[13][0-9ab].|8[4c]..|(c[13][cd].|8[5d]..)..)0[3456]'`],
    [
      'next_at',
      `case when length(v) < ${SHORTEST_BYTES} then null
        when get_byte(v, 0) in (133, 141) then 3 + get_byte(v, 1) * 256 + get_byte(v, 2)
        when get_byte(v, 0) in (132, 140) or get_byte(v, 1) < 192 then 2 + get_byte(v, 1)
        when get_byte(v, 1) < 224 then 3 + (get_byte(v, 1) - 192) * 256 + get_byte(v, 2) + 192 end`,
    ],
  ],
  state: `case
    when is_empty then 'null'
    when not has_start then 'plaintext_suspect'
    when next_at is null or next_at + 19 > length(v) then 'malformed'
    when get_byte(v, next_at) not in (193, 195, 201, 210, 212, 132, 133, 140, 141, 164, 165, 166, 167) then 'malformed'
    else 'encrypted' end`,
  version: 'null::text',
  nonce: 'null::text',
  payload: `encode(v, 'base64')`,
};
