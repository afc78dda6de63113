import { isBase64 } from './base64.js';
import { endOf, isReadable } from './readable.js';
import type { Layer, Shape } from './shape.js';
import { isEncodedAgain } from './unwrap.js';

/** The name without its punctuation: AES-256-GCM, aes_256_gcm and AES/GCM/NoPadding are one. */
const BLOCK = '(aes|aria|camellia|sm4)(128|192|256)?';
const MODE = '(gcm|gcmsiv|siv|ccm|ocb3?|eax|ctr|cbc)(cmac|hmac|hmacsha[0-9]{1,3}|hs(256|384|512))?';
const KNOWN = `^(${BLOCK}(${MODE})?(nopadding|pkcs[57](padding)?)?|a(128|192|256)(gcm|cbchs(256|384|512))|x?chacha20(ietf)?poly1305(ietf)?|xsalsa20poly1305|(crypto)?secretbox|aegis(128l|256))$`;

/** Algorithms that say of themselves that nothing was encrypted: encodings, hashes, nothing. */
const NONE =
  '^(none|no|null|nil|false|off|noop|identity|raw|text|string|utf8|plain(text)?|clear(text)?|unencrypted|base(16|32|58|64)(url)?|hex|rot13|xor|gzip|zlib|md5|sha[0-9]{1,4}|hmac[a-z0-9]*)?$';

/** Characters of the nonce without padding, by the mode; 0 where several lengths are in use; null for no cipher. */
const nonceCharacters = `case
  when cipher = 'aesgcm' then 16
  when cipher !~ '${KNOWN}' then null
  when cipher ~ '^x|secretbox' then 32
  when cipher ~ 'gcm|chacha20|ocb' then 16
  when cipher ~ 'cbc|ctr' then 22
  else 0 end`;

/** An authenticated mode adds a tag of 16 bytes, and CBC pads to 16. Counter mode alone adds nothing. */
const SHORTEST_BYTES = 16;

/** Twelve bytes are sixteen characters without padding, which a shorter search can tell. */
const isNonce = `case when nonce_characters = 16 then octet_length(nonce) = 16 and nonce !~ '[^A-Za-z0-9+/]'
  else nonce_characters in (0, octet_length(rtrim(nonce, '='))) and ${isBase64('nonce', 7)} end`;

/** Hex is valid Base64. Two characters tell most of it before all of them are searched. */
const isHexDigit = (at: string) => `(${at} between 48 and 57 or ${at} between 65 and 70 or ${at} between 97 and 102)`;
const isHex = `octet_length(body) >= 24 and ${isHexDigit('ascii(ciphertext)')} and ${isHexDigit('ascii(substr(ciphertext, 2, 1))')} and ciphertext !~ '[^0-9A-Fa-f]'`;

const keys = ['ciphertext', 'nonce', 'algorithm', 'key_version'] as const;

const layers: readonly Layer[] = [
  [
    ['kind', 'jsonb_typeof(v)'],
    ['has_start', `v ?| array[${keys.map((key) => `'${key}'`).join(', ')}]`],
    ['is_empty', `v = '""'::jsonb`],
    ...keys.map((key) => [key, `v ->> '${key}'`] as const),
  ],
  // The usual ones are not taken apart, which would cost each row as much as judging it.
  [
    [
      'cipher',
      `case when algorithm in ('AES-256-GCM', 'AES-128-GCM') then 'aesgcm' else lower(translate(algorithm, '-_/ .:', '') collate "C") end`,
    ],
  ],
  [['nonce_characters', nonceCharacters]],
  [
    [
      'body',
      `case when nonce_characters is not null and key_version is not null and ${isNonce}
          and ${isBase64('ciphertext', 1)} then decode(ciphertext, 'base64') end`,
    ],
  ],
  [['tail', endOf('body')]],
];

/** The portal's own algorithm alone; a column under another one is judged in full. */
const quick: Shape['quick'] = {
  layers: [
    keys.map((key) => [key, `v ->> '${key}'`] as const),
    [
      ['cipher', `'aesgcm'::text`],
      [
        'body',
        `case when algorithm in ('AES-256-GCM', 'AES-128-GCM') and key_version is not null
          and octet_length(nonce) = 16 and nonce !~ '[^A-Za-z0-9+/]'
          and ${isBase64('ciphertext', SHORTEST_BYTES)} then decode(ciphertext, 'base64') end`,
      ],
    ],
    [['tail', endOf('body')]],
  ],
  state: `case
    when ciphertext is null and (v is null or jsonb_typeof(v) = 'null') then 'null'
    when body is null or ${isHex} or ${isReadable('body', 'tail', 0)} then 'unsure'
    else 'encrypted' end`,
};

/**
 * `{algorithm, ciphertext, nonce, key_version}` in a jsonb column, with whatever else beside it. An object with one of
 * these keys has the beginning of the form.
 */
export const kingston: Shape = {
  takes: 'document',
  start: (value) => `jsonb_typeof(${value}) <> 'string'`,
  layers,
  quick,
  state: `case
    when kind is null or kind = 'null' or is_empty then 'null'
    when kind <> 'object' or not has_start then 'plaintext_suspect'
    when nonce_characters is null and cipher ~ '${NONE}' then 'plaintext_suspect'
    when body is null then 'malformed'
    when octet_length(body) < ${SHORTEST_BYTES} and cipher !~ 'ctr' then 'malformed'
    when octet_length(body) % 16 <> 0 and nonce_characters = 22 and cipher ~ 'cbc(nopadding|pkcs[57](padding)?)?$' then 'malformed'
    when ${isHex} then 'wrapped'
    when ${isReadable('body', 'tail', 0)} then case when ${isEncodedAgain('body')} then 'wrapped' else 'plaintext_suspect' end
    else 'encrypted' end`,
  version: 'key_version',
  nonce: 'nonce',
  payload: 'ciphertext',
  // CBC pads with one to sixteen bytes, and a MAC beside it has up to 64.
  plaintext: {
    least: `octet_length(body) - case when cipher ~ 'cbc(nopadding|pkcs[57](padding)?)?$' then 16 when cipher ~ 'cbc' then 80 when cipher ~ 'ctr$' then 0 else 16 end`,
    most: `octet_length(body) - case when cipher ~ 'cbcnopadding|ctr$' then 0 when cipher ~ 'cbc' then 1 else 16 end`,
  },
};
