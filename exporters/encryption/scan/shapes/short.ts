import { READS, SHORT_BYTES, SHORTEST_WIDE } from '../short-values.js';
import { mayRead } from './readable.js';
import type { Span, SqlLayer } from './shape.js';

/** As hex. Text in UTF-8, then padding. The whole part is asked: there is no character that begins outside of it. */
const CONTINUED = '[89ab].';
const TEXT = `^(?:[2-6].|7[0-9a-e]|09|0a|0d|c[2-9a-f]${CONTINUED}|d.${CONTINUED}|e.${CONTINUED}${CONTINUED}|f[0-4]${CONTINUED}${CONTINUED}${CONTINUED})+(?:0.|10)*$`;
const LITTLE = '^(?:0[1-9a-f]00|[1-9a-f].00|..0[1-9a-f]|..1.|..20)+$';
const BIG = '^(?:000[1-9a-f]|00[1-9a-f].|0[1-9a-f]..|1...|20..)+$';

/** Every byte of a text or its padding, as hex: all but other control characters, C0, C1 and F5 to FF. */
const ALLOWED = Buffer.from(
  Array.from({ length: 256 }, (_, byte) => byte).filter(
    (byte) => byte <= 0x10 || (byte >= 0x20 && byte <= 0xf4 && ![0x7f, 0xc0, 0xc1].includes(byte)),
  ),
).toString('hex');

/** Bytes behind the first that are tried before anything is matched. */
const TRIED = 8;

const isOne = (byte: string) => `(${byte} between 32 and 126 or ${byte} in (9, 10, 13))`;
const isContinued = (byte: string) => `${byte} between 128 and 191`;

/**
 * Whether a part reads as text, for each row that is encrypted. A match costs as much as fifty comparisons, and random bytes
 * seldom pass the ones before it; what more than one of these asks for is a column of its own.
 *
 * @returns layers over `row_state` and these bytes. `marks` has a byte for each part: 0 for one that is empty or not short, else
 *   its length, and {@link READS} where it reads as text. It is null in rows that are not encrypted.
 */
export function shortMarks(bytes: string, spans: readonly Span[], markBytes: number): readonly SqlLayer[] {
  const byte = (at: number | string) => `get_byte(${bytes}, ${at})`;
  const marks = spans.map((_, index) => `((${markOf(bytes, spans, index)}) << ${8 * (markBytes - 1 - index)})`);
  return [
    spans.map(({ from, behind }, index) => [
      `n${index}`,
      `case when row_state = 'encrypted' then octet_length(${bytes})${less(from)}${less(behind)} end`,
    ]),
    spans.flatMap(({ from }, index) => [
      [`first${index}`, `case when n${index} between 1 and ${SHORT_BYTES} then ${byte(from)} end`] as const,
      [
        `last${index}`,
        `case when n${index} between 1 and ${SHORT_BYTES} then ${byte(`n${index} - 1${more(from)}`)} end`,
      ] as const,
    ]),
    [['marks', `case when row_state = 'encrypted' then int4send(${marks.join(' | ')}) end`]],
  ];
}

function markOf(bytes: string, spans: readonly Span[], index: number): string {
  const from = spans[index]?.from ?? 0;
  const [length, first, last] = [`n${index}`, `first${index}`, `last${index}`];
  const byte = (at: number | string) => `get_byte(${bytes}, ${at}${more(from)})`;
  const part = `substr(${bytes}, 1${more(from)}, ${length})`;
  const hex = `encode(${part}, 'hex')`;
  const next = Array.from({ length: TRIED }, (_, at) => mayRead(byte(at + 1)));
  // Padding may begin at the second byte.
  const mayBeLong = `case when ${last} <= 16 then true
    else (${isOne(last)} or (${isContinued(last)} and ${byte(`${length} - 2`)} >= 128)) and ${next.join(' and ')} end`;
  const mayBeText = `case when ${isOne(first)} then ${length} = 1 or not ${isContinued(byte(1))}
      when ${first} between 194 and 244 then ${length} > 1 and ${isContinued(byte(1))} else false end
    and (${length} <= ${TRIED} or (${mayBeLong})) and btrim(${part}, '\\x${ALLOWED}') = ''`;
  const isEven = `${length} >= ${SHORTEST_WIDE} and ${length} % 2 = 0`;
  const areAlphabets = (at: number) => `${byte(at + 2)} <= 32
    and (${length} < 8 or (${byte(at + 4)} <= 32 and ${byte(at + 6)} <= 32))`;
  return `case when ${first} is null then 0
    when ${mayBeText} and ${hex} ~ '${TEXT}' then ${length} + ${READS}
    when ${first} <= 32 and ${isEven} and ${areAlphabets(0)} and ${hex} ~ '${BIG}' then ${length} + ${READS}
    when ${isEven} and ${byte(1)} <= 32 and ${areAlphabets(1)} and ${hex} ~ '${LITTLE}' then ${length} + ${READS}
    else ${length} end`;
}

const less = (count: number | string) => (count === 0 ? '' : ` - ${count}`);
const more = (count: number | string) => (count === 0 ? '' : ` + ${count}`);
