/**
 * Whether bytes read as text: somebody encoded a value instead of encrypting it, or put text behind the head of a
 * ciphertext. Judged are the first and the last bytes, because a ciphertext ends with a tag or a MAC, which is random.
 *
 * Random bytes pass by chance, so the more bytes the wider the alphabet: 24 of ASCII and Latin letters (or of UTF-16)
 * pass in one of 5,000,000,000 rows, 32 of any script in UTF-8 in one of 40,000,000,000. UTF-16 is that of alphabets: Chinese,
 * Japanese and Korean characters fill half of all there is, and random bytes pass for them.
 */
const LATIN_BYTES = 24;
const ANY_SCRIPT_BYTES = 32;

/** Bytes that are looked at one by one before anything is matched: one of six random ones is in no text. */
const TRIED = 16;

/** As hex. A window may begin inside a character, and end inside one. */
const CONTINUED = '[89ab].';
const ASCII = '[2-6].|7[0-9a-e]|09|0a|0d';
const LATIN = `^(?:${CONTINUED})?(?:${ASCII}|c[2-5]${CONTINUED})*(?:c[2-5])?$`;
const ANY_SCRIPT = `^(?:${CONTINUED}){0,3}(?:${ASCII}|c[2-9a-f]${CONTINUED}|d.${CONTINUED}|e.${CONTINUED}${CONTINUED}|f[0-4]${CONTINUED}${CONTINUED}${CONTINUED})*(?:[cde].|e.${CONTINUED}|f[0-4](?:${CONTINUED}){0,2})?$`;
/** UTF-16 of either order, as of .NET and Java: every other byte is that of an alphabet, or of punctuation (U+20xx). */
const ALPHABET = '0.|1.|20';
const WIDE = `^(?:${ALPHABET})?(?:(?:0[1-9a-f]|[1-9a-f].)00|..(?:0[1-9a-f]|1.|20))*(?:..)?$`;
const LAST_ALPHABET = 0x20;

/** The last bytes, for a part of their own: they are looked at one by one, and cutting them out costs more than a look. */
export function endOf(bytes: string): string {
  return `substr(${bytes}, greatest(1, octet_length(${bytes}) - ${LATIN_BYTES - 1}))`;
}

/**
 * @param bytes name of a bytea.
 * @param end name of its `endOf`.
 * @param from where the ciphertext begins in it, counted from 0.
 */
export function readableSql(bytes: string, end: string, from: number | string): string {
  const isLong = `octet_length(${bytes}) >= ${from} + ${LATIN_BYTES}`;
  const first = (count: number) => `substr(${bytes}, ${from} + 1, ${count})`;
  const head = `${isLong} and ${reads(bytes, `${from}`, first)}`;
  return `(${endIsReadable(bytes, end)} or (${head}))`;
}

/** The last bytes alone, for forms that do not show where a ciphertext begins. */
export function endIsReadable(bytes: string, end: string = endOf(bytes)): string {
  const last = (count: number) => `substr(${bytes}, octet_length(${bytes}) - ${count - 1})`;
  return `(octet_length(${end}) = ${LATIN_BYTES} and ${reads(end, '0', last)})`;
}

/**
 * @param window its bytes are tried, beginning with this one.
 * @param piece so many bytes, as SQL.
 */
function reads(window: string, from: string, piece: (count: number) => string): string {
  const byte = (at: number) => `get_byte(${window}, ${from === '0' ? at : `${from} + ${at}`})`;
  const tried = Array.from({ length: TRIED }, (_, index) => mayRead(byte(index)));
  const hex = (count: number) => `encode(${piece(count)}, 'hex')`;
  const any = `octet_length(${piece(ANY_SCRIPT_BYTES)}) = ${ANY_SCRIPT_BYTES} and ${hex(ANY_SCRIPT_BYTES)} ~ '${ANY_SCRIPT}'`;
  const areAlphabets = (...at: readonly number[]) =>
    at.map((each) => `${byte(each)} <= ${LAST_ALPHABET}`).join(' and ');
  return `case
    when ${tried.join(' and ')} and (${hex(LATIN_BYTES)} ~ '${LATIN}' or (${any})) then true
    when (${areAlphabets(1, 3, 5, 7)}) or (${areAlphabets(2, 4, 6, 8)}) then ${hex(LATIN_BYTES)} ~ '${WIDE}'
    else false end`;
}

/** Whether a byte, given as SQL, may stand in a text. */
export function mayRead(byte: string): string {
  return `(${byte} between 32 and 244 or ${byte} in (9, 10, 13))`;
}
