import { READS, SHORT_BYTES, SHORTEST_WIDE } from '../short-values.js';

/** A part of the bytes inside a form, as SQL: so many bytes are before it and behind it. */
export interface Span {
  readonly from: number | string;
  readonly behind: number | string;
}

/** As hex. Text in UTF-8, then padding. The whole part is asked: there is no character that begins outside of it. */
const CONTINUED = '[89ab].';
const TEXT = `^(?:[2-6].|7[0-9a-e]|09|0a|0d|c[2-9a-f]${CONTINUED}|d.${CONTINUED}|e.${CONTINUED}${CONTINUED}|f[0-4]${CONTINUED}${CONTINUED}${CONTINUED})+(?:0.|10)*$`;
const LITTLE = '^(?:0[1-9a-f]00|[1-9a-f].00|..0[1-9a-f]|..1.|..20)+$';
const BIG = '^(?:000[1-9a-f]|00[1-9a-f].|0[1-9a-f]..|1...|20..)+$';

/** @returns SQL: 0 for a part that is empty or not short, else its length, and {@link READS} where it reads as text. */
export function shortMarkSql(bytes: string, { from, behind }: Span): string {
  const length = `(octet_length(${bytes}) - ${from} - ${behind})`;
  const byte = (at: string) => `get_byte(${bytes}, ${from} + ${at})`;
  const hex = `encode(substr(${bytes}, ${from} + 1, ${length}), 'hex')`;
  // Most random bytes are told by their first and last one, which costs less than a match.
  const mayBeText = `(${byte('0')} between 32 and 126 or ${byte('0')} >= 194 or ${byte('0')} in (9, 10, 13))
    and (${byte(`${length} - 1`)} between 32 and 191 or ${byte(`${length} - 1`)} <= 16)`;
  const mayBeWide = `${length} >= ${SHORTEST_WIDE} and ${length} % 2 = 0`;
  return `case when ${length} not between 1 and ${SHORT_BYTES} then 0
    when ${mayBeText} and ${hex} ~ '${TEXT}' then ${length} + ${READS}
    when ${mayBeWide} and ${byte('1')} <= 32 and ${byte('3')} <= 32 and ${hex} ~ '${LITTLE}' then ${length} + ${READS}
    when ${mayBeWide} and ${byte('0')} <= 32 and ${byte('2')} <= 32 and ${hex} ~ '${BIG}' then ${length} + ${READS}
    else ${length} end`;
}
