import { isBase64 } from './shapes/base64.js';
import type { Shape } from './shapes/index.js';
import { textArray } from './sql.js';

/** The first version of PostgreSQL that can be asked whether a text is JSON without risking an error. */
const ASKS_FOR_JSON = 160_000;

/** Beginnings of the two forms that a text can break before anything is to be seen of it. */
const BROKEN_DOCUMENT = `'{"ciphertext": null}'::jsonb`;
const BROKEN_MESSAGE = `'\\xc3040403'::bytea`;

export interface ColumnType {
  /** As the catalogue prints it, domains resolved: `jsonb`, `bytea`, `character varying`, `bpchar`. */
  readonly type: string;
  readonly path?: readonly string[];
  readonly serverVersion: number;
}

/** Whether this server can bring such a column into what the shape takes; otherwise why not. */
export function whyNotReadable({ type, path, serverVersion }: ColumnType, takes: Shape['takes']): string | undefined {
  if (path !== undefined && !isDocument(type)) return `path: needs a jsonb column, and this one is ${type}`;
  if (takes === 'document' && isText(type) && serverVersion < ASKS_FOR_JSON) {
    return 'JSON in a text column can be judged from PostgreSQL 16 on; make the column jsonb';
  }
  return undefined;
}

/** The value of a column, given as SQL, in the form that the shape takes. No value makes it fail. */
export function valueSql(column: string, { type, path }: ColumnType, takes: Shape['takes']): string {
  if (takes === 'document') return documentOf(column, type, path);
  if (isDocument(type)) return asTaken(`((${column})::jsonb #>> ${textArray(path ?? [])})`, takes);
  if (type === 'bytea') return takes === 'bytes' ? column : `encode(${column}, 'escape')`;
  return asTaken(`(${column})::text`, takes);
}

function asTaken(text: string, takes: Exclude<Shape['takes'], 'document'>): string {
  return takes === 'text' ? text : bytesOf(text);
}

/** Base64 as `encode` writes it, with line ends, or the ASCII armour of OpenPGP; anything else as its characters. */
function bytesOf(text: string): string {
  const bare = `replace(replace(${text}, E'\\n', ''), E'\\r', '')`;
  const armoured = `substring(${text} from E'\\n\\\\r?\\n(.*)\\n=[A-Za-z0-9+/]{4}\\\\s+-----END PGP MESSAGE-----\\\\s*$')`;
  const body = `replace(replace(${armoured}, E'\\n', ''), E'\\r', '')`;
  return `(case
    when ${isBase64(bare, 1)} then decode(${bare}, 'base64')
    when ${text} like '-----BEGIN PGP MESSAGE-----%'
      then case when ${isBase64(body, 1)} then decode(${body}, 'base64') else ${BROKEN_MESSAGE} end
    else convert_to(${text}, 'UTF8') end)`;
}

function documentOf(column: string, type: string, path: readonly string[] | undefined): string {
  if (isDocument(type)) {
    return path === undefined ? `(${column})::jsonb` : `((${column})::jsonb #> ${textArray(path)})`;
  }
  if (type === 'bytea') return `to_jsonb(encode(${column}, 'escape'))`;
  if (!isText(type)) return `to_jsonb((${column})::text)`;
  return `(case when ${column} ~ '^\\s*\\{' then
    case when pg_input_is_valid(${column}, 'jsonb') then ${column}::jsonb else ${BROKEN_DOCUMENT} end
    else to_jsonb(${column}) end)`;
}

function isDocument(type: string): boolean {
  return type === 'jsonb' || type === 'json';
}

function isText(type: string): boolean {
  return /^(text|character varying|bpchar|"char"|name|citext)$/.test(type);
}
