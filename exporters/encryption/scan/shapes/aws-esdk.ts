import { byteAt, longAt, PADDED, shortAt, withinBytes } from './bytes.js';
import { endIsReadable, endOf } from './readable.js';
import type { Shape } from './shape.js';

/**
 * Version, type and algorithm suite; the second form, with key commitment, has no type. Suites that sign have a footer.
 */
const KNOWN = '^(0180(0014|0046|0078|0114|0146|0178|0214|0346|0378)|02(0478|0578))';
const SIGNED = '^(0180(0214|0346|0378)|020578)';

const IV = 12;
const TAG = 16;
const SEQUENCE = 4;
const LAST_FRAME = '4294967295';

/**
 * A message may name more data keys, but a value of a field does not, and each costs a step.
 */
const MOST_KEYS = 100;

const start = (value: string) => `encode(substr(${value}, 1, 3), 'hex') ~ '^0180|^020[45]78'`;

/** Walks over the encrypted data keys: provider, its information and the key, each behind its length. */
const afterKeys = `(with recursive keys (at, rest) as (
    select aad_at + 4 + aad_bytes, ${shortAt(withinBytes('aad_at + 2 + aad_bytes'))}
    union all
    select key_at + 2 + ${shortAt(withinBytes('key_at'))}, rest - 1
    from keys,
      lateral (select at + 2 + ${shortAt(withinBytes('at'))} as info_at offset 0) i,
      lateral (select info_at + 2 + ${shortAt(withinBytes('info_at'))} as key_at offset 0) k
    where rest between 1 and ${MOST_KEYS} and at < octet_length(v))
  select at from keys where rest = 0 and at > aad_at + 4 + aad_bytes and at < octet_length(v))`;

/** Where the footer of a message would end that begins at `at`; without one, `at` itself. */
const footerEnd = (at: string) => `case when is_signed then ${at} + 2 + ${shortAt(withinBytes(at))} else ${at} end`;

/** One stretch: IV, length, content, tag. */
const unframedEnd = footerEnd(`(body_at + ${IV + 8 + TAG} + ${longAt(withinBytes(`body_at + ${IV + 4}`))})`);

/**
 * Frames of one length, numbered from 1, then a last one that says its own. How many there are follows from the length
 * of the message, but for the footer, which is no longer than this.
 */
const LONGEST_FOOTER = 2 + 200;
const OVERHEAD = SEQUENCE + IV + TAG;
const LAST_OVERHEAD = SEQUENCE + SEQUENCE + IV + 4 + TAG;
const isFramed = `exists (
    select from generate_series(
      greatest(0, (octet_length(v) - body_at - ${LAST_OVERHEAD + LONGEST_FOOTER} - frame_bytes) / (frame_bytes + ${OVERHEAD})),
      (octet_length(v) - body_at - ${LAST_OVERHEAD}) / (frame_bytes + ${OVERHEAD})) frames,
    lateral (select body_at + frames * (frame_bytes + ${OVERHEAD}) as at offset 0) a,
    lateral (select ${longAt(withinBytes(`at + ${SEQUENCE * 2 + IV}`))} as bytes offset 0) b
    where ${longAt(withinBytes('at'))} = ${LAST_FRAME} and ${longAt(withinBytes(`at + ${SEQUENCE}`))} = frames + 1
      and (frames = 0 or ${longAt('body_at')} = 1)
      and bytes <= frame_bytes and octet_length(v) = ${footerEnd(`(at + ${LAST_OVERHEAD} + bytes)`)})`;

/**
 * The message format of the AWS Encryption SDK, from its first byte to its last: a known suite, lengths that lead over
 * context and data keys to the body, and frames and a signature that end where the value ends.
 */
export const awsEsdk: Shape = {
  takes: 'bytes',
  start,
  layers: [
    [
      ['w', PADDED],
      ['tail', endOf('v')],
      ['head', `encode(substr(v, 1, 4), 'hex')`],
    ],
    [
      ['aad_at', `case when head ~ '^02' then 35 else 20 end`],
      ['is_known', `head ~ '${KNOWN}'`],
      ['is_signed', `head ~ '${SIGNED}'`],
    ],
    [['aad_bytes', `case when is_known and octet_length(v) > 40 then ${shortAt('aad_at')} end`]],
    [['keys_end', `case when aad_bytes is not null then ${afterKeys} end`]],
    [
      ['content', `case when keys_end is not null then ${byteAt('keys_end')} end`],
      // After the type of the content the first form has four zeros and the length of an IV.
      ['frame_at', `keys_end + case when head ~ '^02' then 1 else 6 end`],
    ],
    [
      ['frame_bytes', `case when keys_end is not null then ${longAt(withinBytes('frame_at'))} end`],
      // Commitment and tag, or IV and tag.
      ['body_at', `frame_at + 4 + case when head ~ '^02' then ${32 + TAG} else ${IV + TAG} end`],
    ],
    [
      [
        'is_whole',
        `case
          when keys_end is null or body_at > octet_length(v) then false
          when head !~ '^02' and (${longAt(withinBytes('keys_end + 1'))} <> 0 or ${byteAt(withinBytes('keys_end + 5'))} <> ${IV}) then false
          when content = 1 then frame_bytes = 0 and octet_length(v) = ${unframedEnd}
          when content = 2 then frame_bytes > 0 and ${isFramed}
          else false end`,
      ],
    ],
  ],
  state: `case
    when v is null or octet_length(v) = 0 then 'null'
    when is_whole then case when ${endIsReadable('v', 'tail')} then 'plaintext_suspect' else 'encrypted' end
    when ${start('v')} then 'malformed'
    else 'plaintext_suspect' end`,
  version: 'null::text',
  // The identifier of the message, from which its key is derived.
  nonce: `encode(case when head ~ '^02' then substr(v, 4, 32) else substr(v, 5, 16) end, 'hex')`,
  payload: `encode(v, 'base64')`,
};
