import { byteAt, longAt, PADDED, shortAt, withinBytes } from './bytes.js';
import { endIsReadable, endOf } from './readable.js';
import type { Shape } from './shape.js';

/**
 * The version of a packet tells a broken message from text: the first byte of É in UTF-8 is that of a packet. Lengths
 * of 192 and more take two bytes in the new form of a packet, all do in some of the old ones.
 */
const start = (value: string) =>
  `encode(substr(${value}, 1, 4), 'hex') ~ '^(c[13][0-9ab].|8[4c]..|(c[13][cd].|8[5d]..)..)0[3456]'`;

/** More pieces of one message than a value of a field has. */
const MOST_STEPS = 20000;

/** Tags of RFC 9580: encrypted session keys, then encrypted data (9, 18, and 20 of an old draft), whole or in parts. */
const SESSION_KEYS = '(1, 3)';
const DATA = '(9, 18, 20)';

/**
 * Reads packet after packet. `tag` is the one of the packet that ended at `at`, `is_open` tells that its data go on with
 * another part. A part has a length of its own and no tag. A packet of no said length, which nobody writes around
 * encrypted data any more, is not accepted: it could have been cut anywhere.
 */
const header = `lateral (select ${byteAt(withinBytes('at'))} as first offset 0) f,
  lateral (select is_open or first >= 192 as is_new,
    case when is_open then p.tag when first >= 192 then first & 63 else (first >> 2) & 15 end as next_tag,
    case when is_open then at else at + 1 end as length_at offset 0) t,
  lateral (select ${byteAt(withinBytes('length_at'))} as l offset 0) o,
  lateral (select is_new and l between 224 and 254 as goes_on,
    case
      when is_new and l < 192 then length_at + 1 + l
      when is_new and l < 224 then length_at + 2 + (l - 192) * 256 + ${byteAt(withinBytes('length_at + 1'))} + 192
      when is_new and l < 255 then length_at + 1 + (1::bigint << (l & 31))
      when is_new then length_at + 5 + ${longAt(withinBytes('length_at + 1'))}
      when first & 3 = 0 then length_at + 1 + l
      when first & 3 = 1 then length_at + 2 + ${shortAt(withinBytes('length_at'))}
      when first & 3 = 2 then length_at + 4 + ${longAt(withinBytes('length_at'))}
      end as ends_at offset 0) e`;

const walk = `(with recursive p (at, tag, is_open, data_at, step) as (
    select 0::bigint, 0, false, null::bigint, 0
    union all
    select ends_at, next_tag, goes_on,
      coalesce(data_at, case when next_tag in ${DATA} then case
        when not is_new then length_at + case first & 3 when 0 then 1 when 1 then 2 when 2 then 4 else 0 end
        when l < 192 or l between 224 and 254 then length_at + 1 when l < 224 then length_at + 2 else length_at + 5 end end),
      step + 1
    from (select at::int as at, tag, is_open, data_at, step from p where at < octet_length(v) and step < ${MOST_STEPS}) p, ${header}
    where (first >= 128 or is_open) and ends_at <= octet_length(v)
      -- Session keys come before the data, in one piece, and nothing comes after the data.
      and case when is_open then true when p.tag in ${DATA} then false when next_tag in ${SESSION_KEYS} then not goes_on else next_tag in ${DATA} end)
  select data_at from p where at = octet_length(v) and tag in ${DATA} and not is_open limit 1)`;

/** Prefix and an empty literal, without MDC and with the blocks of an old cipher, as GnuPG writes them on request. */
const SHORTEST_DATA_BYTES = 18;

/**
 * What `pgp_sym_encrypt` and `pgp_pub_encrypt` return, or any encrypted OpenPGP message: packets with encrypted session
 * keys, then the encrypted data, which end where the value ends. It shows no nonce.
 */
export const pgp: Shape = {
  takes: 'bytes',
  start,
  layers: [
    [
      ['w', PADDED],
      ['tail', endOf('v')],
      ['has_start', start('v')],
    ],
    [['data_at', `case when has_start then ${walk} end`]],
  ],
  // One short packet before data in one short piece, which is what pgp_sym_encrypt makes of a field, without the walk.
  quick: {
    layers: [
      [
        [
          'next_at',
          `case when not ${start('v')} then null
            when get_byte(v, 0) in (132, 140) or (get_byte(v, 0) >= 192 and get_byte(v, 1) < 192) then 2 + get_byte(v, 1) end`,
        ],
        ['tail', endOf('v')],
      ],
      [
        [
          'data_at',
          `case when next_at + 2 < octet_length(v) and get_byte(v, next_at) in (201, 210, 212) and get_byte(v, next_at + 1) < 192
            and next_at + 2 + get_byte(v, next_at + 1) = octet_length(v) then next_at + 2 end`,
        ],
      ],
    ],
    state: `case
      when v is null or octet_length(v) = 0 then 'null'
      when data_at is null or octet_length(v) - data_at < ${SHORTEST_DATA_BYTES} or ${endIsReadable('v', 'tail')} then 'unsure'
      else 'encrypted' end`,
  },
  state: `case
    when v is null or octet_length(v) = 0 then 'null'
    when not has_start then 'plaintext_suspect'
    when data_at is null or octet_length(v) - data_at < ${SHORTEST_DATA_BYTES} then 'malformed'
    when ${endIsReadable('v', 'tail')} then 'plaintext_suspect'
    else 'encrypted' end`,
  version: 'null::text',
  nonce: 'null::text',
  payload: `encode(v, 'base64')`,
};
