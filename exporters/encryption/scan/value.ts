import { textArray } from '../../runtime/postgres/quote.js';
import { unarmoured } from './shapes/armour.js';
import { isBase64 } from './shapes/base64.js';
import type { Shape } from './shapes/index.js';
import { BROKEN_DOCUMENT, BROKEN_MESSAGE } from './shapes/unwrap.js';

/** The first version of PostgreSQL that can test whether a text is JSON without an error. */
const ASKS_FOR_JSON = 160_000;

export function canParseJson({ serverVersion }: Pick<ColumnType, 'serverVersion'>): boolean {
  return serverVersion >= ASKS_FOR_JSON;
}

export interface ColumnType {
  /** As the catalogue prints it, with domains resolved: `jsonb`, `bytea`, `character varying`, `bpchar`. */
  readonly type: string;
  readonly path?: readonly string[];
  readonly serverVersion: number;
  /** How a text writes bytes; Base64 by default. */
  readonly encoding?: 'base64' | 'hex';
}

/** Whether this server can convert such a column to the type of the shape; otherwise why not. */
export function whyNotReadable({ type, path, serverVersion }: ColumnType, takes: Shape['takes']): string | undefined {
  if (path !== undefined && !isDocument(type)) return `path: needs a jsonb column, and this one is ${type}`;
  if (takes === 'document' && (isText(type) || type === 'bytea') && serverVersion < ASKS_FOR_JSON) {
    return 'JSON in a text or bytea column can be judged from PostgreSQL 16 on; make the column jsonb';
  }
  return undefined;
}

/** The value of a column, given as SQL, converted to the type of the shape. It does not fail for any value. */
export function valueSql(column: string, columnType: ColumnType, takes: Shape['takes']): string {
  const { type, path, encoding } = columnType;
  if (takes === 'document') return documentOf(column, columnType);
  if (isDocument(type)) return asTaken(`((${column})::jsonb #>> ${textArray(path ?? [])})`, takes, encoding);
  if (type === 'bytea') return takes === 'bytes' ? column : `encode(${column}, 'escape')`;
  return asTaken(`(${column})::text`, takes, encoding);
}

function asTaken(
  text: string,
  takes: Exclude<Shape['takes'], 'document'>,
  encoding: ColumnType['encoding'] = 'base64',
): string {
  if (takes === 'text') return text;
  return encoding === 'hex' ? bytesOfHex(text) : bytesOf(text);
}

/** Hex, as `encode` writes it or with the `\\x` of a bytea before it; anything else as its characters. */
function bytesOfHex(text: string): string {
  const bare = `regexp_replace(${text}, '^\\\\x', '')`;
  return `(case when ${bare} !~ '[^0-9A-Fa-f]' and octet_length(${bare}) % 2 = 0 then decode(${bare}, 'hex')
    else convert_to(${text}, 'UTF8') end)`;
}

/**
 * Base64 as `encode` writes it, with line ends, or the ASCII armour of OpenPGP; anything else as its characters. Hex is
 * valid Base64 too, half of the time, and is left as it is.
 */
function bytesOf(text: string): string {
  const bare = `translate(${text}, E' \\t\\r\\n', '')`;
  return `(case
    when ${text} like '-----BEGIN PGP MESSAGE-----%' then ${unarmoured(text, BROKEN_MESSAGE)}
    when ${isBase64(bare, 1)} and ${bare} ~ '[^0-9A-Fa-f]' then decode(${bare}, 'base64')
    else convert_to(${text}, 'UTF8') end)`;
}

function documentOf(column: string, { type, path, serverVersion }: ColumnType): string {
  if (isDocument(type)) {
    return path === undefined ? `(${column})::jsonb` : `((${column})::jsonb #> ${textArray(path)})`;
  }
  const parse = (text: string) => parsed(text, serverVersion);
  if (type === 'bytea') return `(select ${parse('t')} from (select ${textOf(column)} as t offset 0) b)`;
  return isText(type) ? parse(column) : `to_jsonb((${column})::text)`;
}

function parsed(text: string, serverVersion: number): string {
  if (serverVersion < ASKS_FOR_JSON) return `to_jsonb(${text})`;
  return `(case when ${text} ~ '^\\s*\\{' then
    case when pg_input_is_valid(${text}, 'jsonb') then ${text}::jsonb else ${BROKEN_DOCUMENT} end
    else to_jsonb(${text}) end)`;
}

/** Bytes that are UTF-8, as the text that they are; others with their bytes escaped. */
function textOf(bytes: string): string {
  const next = '[89ab].';
  const utf8 = `^(?:[1-7].|0[1-9a-f]|c[2-9a-f]${next}|d.${next}|e0[ab].${next}|e[1-9a-cef]${next}${next}|ed[89].${next}|f0[9ab].${next}${next}|f[1-3]${next}${next}${next}|f48.${next}${next})*$`;
  return `case when encode(${bytes}, 'hex') ~ '${utf8}' then convert_from(${bytes}, 'UTF8') else encode(${bytes}, 'escape') end`;
}

function isDocument(type: string): boolean {
  return type === 'jsonb' || type === 'json';
}

function isText(type: string): boolean {
  return /^(text|character varying|bpchar|"char"|name|citext)$/.test(type);
}
