import { isBase64 } from './base64.js';
import { endOf, readableSql } from './readable.js';
import type { Shape, SqlLayer } from './shape.js';
import { isEncodedAgain } from './unwrap.js';

/** The name without its punctuation: AES-256-GCM, aes_256_gcm and AES/GCM/NoPadding are one. */
const BLOCK = '(aes|aria|camellia|sm4)(128|192|256)?';
const MODE = '(gcm|gcmsiv|siv|ccm|ocb3?|eax|ctr|cfb(8|64|128)?|ofb|cbc)(cmac|hmac|hmacsha[0-9]{1,3}|hs(256|384|512))?';
const PADDING = '(nopadding|pkcs[57](padding)?)?';
const RSA = 'rsa(es)?[0-9]{0,4}(ecb)?(15|pkcs1(v15)?(padding)?|oaep((with)?(sha)?[0-9]{1,3}(and)?(mgf1)?)?(padding)?)?';
const KNOWN = `^(${BLOCK}(${MODE})?${PADDING}|a(128|192|256)(gcm|cbchs(256|384|512))|x?chacha20(ietf)?(poly1305(ietf)?)?|xsalsa20poly1305|(crypto)?secretbox|aegis(128l|256)|${RSA})$`;

/** Algorithms that say of themselves that nothing was encrypted: encodings, hashes, nothing. */
const NONE =
  '^(none|no|null|nil|false|off|noop|identity|raw|text|string|utf8|plain(text)?|clear(text)?|unencrypted|base(16|32|58|64)(url)?|hex|rot13|xor|gzip|zlib|md5|sha[0-9]{1,4}|hmac[a-z0-9]*)?$';

interface Mode {
  /** Of the name without punctuation. The first one that fits is meant. */
  readonly named: string;
  /** Lengths that libraries take, the shortest and the longest of a range; none where there is no nonce at all. */
  readonly nonceBytes: readonly (number | readonly [least: number, most: number])[];
  readonly needsNoNonce?: true;
  /**
   * `tag`: 16 bytes more than the plaintext, in the ciphertext or in a key of their own. `blocks`: padded to 16. `mac`:
   * padded, and up to 64 bytes more. `none`: as long as the plaintext. `modulus`: as long as the key. `unsaid`: the name does not tell.
   */
  readonly adds: 'tag' | 'blocks' | 'mac' | 'none' | 'modulus' | 'unsaid';
}

const ANY: Mode['nonceBytes'][number] = [7, 128];
const MODES: Readonly<Record<string, Mode>> = {
  rsa: { named: '^rsa', nonceBytes: [ANY], needsNoNonce: true, adds: 'modulus' },
  gcmsiv: { named: 'gcmsiv', nonceBytes: [12], adds: 'tag' },
  // What RFC 5297 calls a nonce is one more associated data, of any length. Without one it is deterministic.
  siv: { named: 'siv', nonceBytes: [[1, 128]], needsNoNonce: true, adds: 'tag' },
  // NIST recommends 12. What Node.js and Java programs take 16 for is as good.
  gcm: { named: 'gcm', nonceBytes: [12, 16], adds: 'tag' },
  ccm: { named: 'ccm', nonceBytes: [[7, 13]], adds: 'tag' },
  ocb: { named: 'ocb', nonceBytes: [[12, 15]], adds: 'tag' },
  eax: { named: 'eax', nonceBytes: [ANY], adds: 'tag' },
  long: { named: '^x.*poly1305|secretbox', nonceBytes: [24], adds: 'tag' },
  poly: { named: 'poly1305', nonceBytes: [8, 12], adds: 'tag' },
  xchacha: { named: '^xchacha', nonceBytes: [24], adds: 'none' },
  // With the counter of the first block, or without it.
  chacha: { named: 'chacha', nonceBytes: [8, 12, 16], adds: 'none' },
  aegis128: { named: 'aegis128', nonceBytes: [16], adds: 'tag' },
  aegis256: { named: 'aegis256', nonceBytes: [32], adds: 'tag' },
  cbc: { named: `cbc${PADDING}$`, nonceBytes: [16], adds: 'blocks' },
  cbcmac: { named: 'cbc', nonceBytes: [16], adds: 'mac' },
  // The counter has the rest of the 16 bytes.
  ctr: { named: `ctr${PADDING}$`, nonceBytes: [8, 12, 16], adds: 'none' },
  ctrmac: { named: 'ctr', nonceBytes: [8, 12, 16], adds: 'tag' },
  feedback: { named: 'cfb|ofb', nonceBytes: [16], adds: 'none' },
  unsaid: { named: '', nonceBytes: [ANY], adds: 'unsaid' },
};

const byMode = (value: (mode: Mode) => string, fallback: string) =>
  `case mode ${Object.entries(MODES)
    .map(([name, mode]) => `when '${name}' then ${value(mode)}`)
    .join(' ')} else ${fallback} end`;
const modesThat = (wanted: (mode: Mode) => boolean) =>
  `mode in (${Object.entries(MODES)
    .filter(([, mode]) => wanted(mode))
    .map(([name]) => `'${name}'`)
    .join(', ')})`;
const adds = (...kinds: readonly Mode['adds'][]) => modesThat((mode) => kinds.includes(mode.adds));

/** Null for what is no cipher. */
const mode = `case when cipher = 'aesgcm' then 'gcm' when cipher !~ '${KNOWN}' then null
  ${Object.entries(MODES)
    .map(([name, { named }]) => `when cipher ~ '${named}' then '${name}'`)
    .join(' ')} end`;

/** Rounded down, as a group of Base64 that is not whole is. */
const nonceBytes = `(octet_length(rtrim(nonce, '=')) * 3 / 4)`;
const isLong = ({ nonceBytes: lengths }: Mode) =>
  lengths
    .map((length) =>
      typeof length === 'number' ? `${nonceBytes} = ${length}` : `${nonceBytes} between ${length[0]} and ${length[1]}`,
    )
    .join(' or ');
const takesTwelve = modesThat(({ nonceBytes: lengths }) =>
  lengths.some((length) => (typeof length === 'number' ? length === 12 : length[0] <= 12 && length[1] >= 12)),
);

/** Twelve bytes are sixteen characters without padding, which a shorter search can tell. */
const isNonce = `case when coalesce(nonce, '') = '' then ${modesThat(({ needsNoNonce }) => needsNoNonce === true)}
  when octet_length(nonce) = 16 and nonce !~ '[^A-Za-z0-9+/]' then ${takesTwelve} or ${byMode(isLong, 'false')}
  else ${isBase64('nonce', 1)} and ${byMode(isLong, 'false')} end`;

const TAG_BYTES = 16;
/** Under which the tag stands where it is not the end of the ciphertext. */
const TAG_KEYS = ['tag', 'auth_tag', 'authTag'] as const;
const ownTag = `coalesce(${TAG_KEYS.map((key) => `v ->> '${key}'`).join(', ')})`;
/** From the shortest tag that a mode allows to the longest MAC. */
const isTag = `${isBase64('tag', 12)} and octet_length(rtrim(tag, '=')) between 16 and case when ${adds('tag')} then 22 else 86 end`;

/** The fewest bytes that a whole ciphertext can have. */
const leastBytes = `case when ${adds('none')} then 0 when ${adds('blocks', 'mac')} or tag is null then ${TAG_BYTES} else 0 end`;

/** Hex is valid Base64. Two characters tell most of it before all of them are searched. */
const isHexDigit = (at: string) => `(${at} between 48 and 57 or ${at} between 65 and 70 or ${at} between 97 and 102)`;
const isHex = `octet_length(body) >= 24 and ${isHexDigit('ascii(ciphertext)')} and ${isHexDigit('ascii(substr(ciphertext, 2, 1))')} and ciphertext !~ '[^0-9A-Fa-f]'`;

const keys = ['ciphertext', 'nonce', 'algorithm', 'key_version'] as const;

const layers: readonly SqlLayer[] = [
  [
    ['kind', 'jsonb_typeof(v)'],
    ['has_start', `v ?| array[${keys.map((key) => `'${key}'`).join(', ')}]`],
    ['is_empty', `v = '""'::jsonb`],
    ...keys.map((key) => [key, `v ->> '${key}'`] as const),
    ['tag', ownTag],
  ],
  // The usual ones are not taken apart, which would cost each row as much as judging it.
  [
    [
      'cipher',
      `case when algorithm in ('AES-256-GCM', 'AES-128-GCM') then 'aesgcm' else lower(translate(algorithm, '-_/ .:', '') collate "C") end`,
    ],
  ],
  [['mode', mode]],
  [
    [
      'body',
      `case when mode is not null and key_version is not null and (tag is null or ${isTag}) and ${isNonce}
          and (ciphertext = '' or ${isBase64('ciphertext', 1)}) then decode(ciphertext, 'base64') end`,
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
      ['mode', `'gcm'::text`],
      ['tag', 'null::text'],
      [
        'body',
        `case when algorithm in ('AES-256-GCM', 'AES-128-GCM') and key_version is not null
          and octet_length(nonce) = 16 and octet_length(ciphertext) >= ${TAG_BYTES + 8}
          and not v ?| array[${TAG_KEYS.map((key) => `'${key}'`).join(', ')}]
          and ${isBase64('nonce || ciphertext', 0)} then decode(ciphertext, 'base64') end`,
      ],
    ],
    [['tail', endOf('body')]],
  ],
  state: `case
    when ciphertext is null and (v is null or jsonb_typeof(v) = 'null') then 'null'
    when body is null or ${isHex} or ${readableSql('body', 'tail', 0)} then 'unsure'
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
    when mode is null and cipher ~ '${NONE}' then 'plaintext_suspect'
    when body is null or octet_length(body) < ${leastBytes} then 'malformed'
    when ${adds('blocks')} and octet_length(body) % 16 <> 0 then 'malformed'
    when ${adds('modulus')} and octet_length(body) not in (128, 256, 384, 512) then 'malformed'
    when ${isHex} then 'wrapped'
    when ${readableSql('body', 'tail', 0)} then case when ${isEncodedAgain('body')} then 'wrapped' else 'plaintext_suspect' end
    else 'encrypted' end`,
  version: 'key_version',
  // Where there is none, equal plaintexts have equal ciphertexts, or the algorithm makes its own.
  nonce: `case when ${modesThat(({ needsNoNonce }) => needsNoNonce === true)} then null else nonce end`,
  payload: 'ciphertext',
  inside: { bytes: 'body', from: [0] },
  shortSpans: [
    { from: 0, behind: 0 },
    { from: 0, behind: `case when tag is null then ${TAG_BYTES} else 0 end` },
  ],
  // Of what a modulus is as long as, nothing is known but the most that it holds.
  plaintext: {
    least: `case when ${adds('modulus')} then 0 else octet_length(body) - case when ${adds('none')} or tag is not null and ${adds('tag')} then 0
      when ${adds('mac', 'unsaid')} then 80 else 16 end end`,
    most: `octet_length(body) - case when ${adds('modulus')} then 11 when ${adds('tag')} then case when tag is null then ${TAG_BYTES} else 0 end
      when ${adds('blocks', 'mac')} and cipher !~ 'nopadding' then 1 else 0 end`,
  },
};
