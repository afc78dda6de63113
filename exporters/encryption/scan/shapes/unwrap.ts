/**
 * Takes an encoding off a value that has not the beginning of its form: `\x…` and hex as of a bytea that was written as
 * text, Base64 once more than needed, JSON's quotes around a text. Twice, because both happen to one value.
 *
 * All of it is SQL that is reached by values alone that do not begin as they should: a clean column pays nothing.
 */
import { unarmoured } from './armour.js';
import { isBase64 } from './base64.js';
import { endIsReadable } from './readable.js';
import type { Shape } from './shape.js';

/** Shorter texts hold no ciphertext, and a telephone number is valid hex. */
const SHORTEST_CHARACTERS = 32;

/** Beginnings of the two forms that a text can break before anything is to be seen of it. */
export const BROKEN_DOCUMENT = `'{"ciphertext": null}'::jsonb`;
export const BROKEN_MESSAGE = `'\\xc3040403'::bytea`;

/** The raw value, or what is inside one or two encodings around it. */
export function unwrapped(value: string, { start, takes }: Pick<Shape, 'start' | 'takes'>, canParse: boolean): string {
  const peel = { text: peelText, bytes: peelBytes, document: (each: string) => peelDocument(each, canParse) }[takes];
  return `case when ${value} is null or ${start(value)} then ${value} else
    (select case when ${start('once')} then once else ${peel('once')} end
    from (select ${peel(value)} as once offset 0) o) end`;
}

/** Heads of other ciphertexts, as text: what was encrypted twice, and encoded the second time. */
const HEADS = String.raw`^(vault:v[0-9]|gAAAA|nacl:|brng:|fips:|-----BEGIN PGP MESSAGE|\{"(algorithm|ciphertext|nonce|p)":)`;

/** Whether readable bytes, given as SQL, are no text of a person's but another ciphertext, encoded once more. */
export function isEncodedAgain(bytes: string): string {
  const inside = `case when is_hex then decode(hex, 'hex') when is_base64 then decode(base64, 'base64') end`;
  return `(select coalesce(e.written ~ '${HEADS}' or (inside is not null and not ${endIsReadable('inside')}), false)
    from (select written, case when is_short then null else ${inside} end as inside from ${encodings(`encode(${bytes}, 'escape')`)} offset 0) e)`;
}

function peelText(text: string): string {
  return `(select case
    when is_short then written
    when written ~ '^".*"$' then substr(written, 2, length(written) - 2)
    when is_hex then encode(decode(hex, 'hex'), 'escape')
    when is_base64 then encode(decode(base64, 'base64'), 'escape')
    else written end from ${encodings(text)})`;
}

function peelBytes(bytes: string): string {
  return `(select case
    when is_short then ${bytes}
    when is_hex then decode(hex, 'hex')
    when is_base64 then decode(base64, 'base64')
    when written ~ '^-----BEGIN PGP MESSAGE' then ${unarmoured('written', BROKEN_MESSAGE)}
    else ${bytes} end from ${encodings(`encode(${bytes}, 'escape')`)})`;
}

/** A text inside a document is another document, perhaps in Base64 or hex. */
function peelDocument(document: string, canParse: boolean): string {
  const parsed = canParse
    ? `case when pg_input_is_valid(s, 'jsonb') then s::jsonb else ${BROKEN_DOCUMENT} end`
    : BROKEN_DOCUMENT;
  return `(case when jsonb_typeof(${document}) <> 'string' then ${document} else
    (select case when s ~ '^\\s*[{"]' then ${parsed} else to_jsonb(s) end
    from (select case when s0 ~ '^\\s*[{"]' then s0 else ${peelText('s0')} end as s
      from (select ${document} #>> '{}' as s0 offset 0) t offset 0) u) end)`;
}

/** One row: the text, what it is as hex and as Base64 of either alphabet, with padding or without, and whether it is. */
function encodings(text: string): string {
  const base64 = `translate(rtrim(bare, '='), '-_', '+/')`;
  return `(select written, hex, base64, octet_length(bare) < ${SHORTEST_CHARACTERS} as is_short,
      hex !~ '[^0-9A-Fa-f]' and octet_length(hex) % 2 = 0 as is_hex, ${isBase64('base64', 24)} as is_base64
    from (select written, bare, regexp_replace(bare, '^\\\\{1,2}x', '') as hex,
        ${base64} || repeat('=', (4 - octet_length(rtrim(bare, '=')) % 4) % 4) as base64
      from (select written, translate(written, E' "\\t\\r\\n', '') as bare from (select ${text} as written offset 0) r offset 0) b offset 0) c offset 0) encodings`;
}
