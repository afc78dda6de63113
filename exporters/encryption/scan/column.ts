import { createHash } from 'node:crypto';
import type { CiphertextFormat, ScannedColumn } from '../../../pack/encryption/model.js';
import { parseQualified, tableSql } from '../../runtime/postgres/quote.js';
import type { ScanQuery } from './database.js';
import { ScanFailure } from './failure.js';
import { shapes } from './shapes/index.js';
import { type ColumnType, whyNotReadable } from './value.js';

/** What the catalogue says about a column and about the key that orders the reading of its table. */
export interface ResolvedColumn extends ColumnType {
  readonly column: ScannedColumn;
  readonly keyType: string;
  /** Rows, as the planner estimates them. */
  readonly estimatedRows: number;
}

/** `column` label: for a copy inside a document, with the path to it. */
export function columnLabel({ column, path }: ScannedColumn): string {
  return [column, ...(path ?? [])].join('.');
}

/** Increased when the same value may be judged differently from the previous release. */
const RULES: Readonly<Record<CiphertextFormat['kind'], number>> = {
  'kingston-jsonb': 3,
  transit: 3,
  fernet: 3,
  ciphersweet: 3,
  regex: 4,
  'aws-esdk': 2,
  pgp: 2,
};

/** Changes when the column is described or judged differently: earlier progress is then useless. */
export function columnDigest(column: ScannedColumn): string {
  const { table, column: name, path = [], primaryKey, format, encoding, plaintextBytes } = column;
  return createHash('sha256')
    .update(JSON.stringify([RULES[format.kind], table, name, path, primaryKey, format, encoding, plaintextBytes]))
    .digest('hex');
}

interface CatalogueRow extends Record<string, unknown> {
  readonly name: string;
  readonly type: string;
  readonly not_null: boolean;
  readonly leads_index: boolean;
  readonly kind: string;
  readonly readable: boolean;
  readonly version: number;
}

/**
 * A key is cast to its type. `format_type` with null says `character`, which cuts a key to one character; -1 does not.
 */
const CATALOGUE = `
select a.attname::text as name, format_type(coalesce(nullif(t.typbasetype, 0), t.oid), -1) as type,
  a.attnotnull as not_null, c.relkind::text as kind,
  has_column_privilege(c.oid, a.attnum, 'select') as readable,
  current_setting('server_version_num')::int as version,
  exists (select from pg_index i join pg_class x on x.oid = i.indexrelid join pg_am m on m.oid = x.relam
    where i.indrelid = c.oid and i.indkey[0] = a.attnum and i.indisvalid and i.indpred is null and m.amname = 'btree')
    as leads_index
from pg_class c join pg_namespace n on n.oid = c.relnamespace
join pg_attribute a on a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped
join pg_type t on t.oid = a.atttypid
where n.nspname = $1 and c.relname = $2 and c.relkind in ('r', 'p', 'v', 'm', 'f') and a.attname = any($3::text[])`;

/** @throws {ScanFailure} which says what in the description does not match the database. */
export async function resolveColumn(query: ScanQuery, column: ScannedColumn): Promise<ResolvedColumn> {
  const { schema, name } = parseQualified(column.table);
  const rows = await query<CatalogueRow>(CATALOGUE, [schema, name, [column.column, column.primaryKey]]);
  const value = found(rows, column.column, 'column');
  const key = found(rows, column.primaryKey, 'primaryKey');
  for (const row of [value, key]) {
    if (!row.readable) throw new ScanFailure('permission', `the role may not read column ${row.name}; grant select`);
  }
  // A view has neither; an operator who names a view does so on purpose.
  if ((value.kind === 'r' || value.kind === 'p') && !(key.not_null && key.leads_index)) {
    throw new ScanFailure(
      'column',
      `primaryKey: ${key.name} cannot lead through the table; it needs NOT NULL and an index that begins with it`,
    );
  }
  const { type, version: serverVersion } = value;
  const { path, encoding } = column;
  const typed = {
    type,
    serverVersion,
    ...(path === undefined ? {} : { path }),
    ...(encoding === undefined ? {} : { encoding }),
  };
  const takes = column.format.kind === 'regex' ? 'text' : shapes[column.format.kind].takes;
  const reason = whyNotReadable(typed, takes);
  if (reason !== undefined) throw new ScanFailure('column', reason);
  return { ...typed, column, keyType: key.type, estimatedRows: await estimate(query, column) };
}

function found(rows: readonly CatalogueRow[], name: string, role: string): CatalogueRow {
  const row = rows.find((each) => each.name === name);
  if (row !== undefined) return row;
  throw new ScanFailure(
    'column',
    rows.length === 0 ? 'the table does not exist, or has neither column' : `${role}: the table has no column ${name}`,
  );
}

/** The planner's estimate: it uses the size of the file, so it is usable even before the first ANALYZE. */
async function estimate(query: ScanQuery, { table }: ScannedColumn): Promise<number> {
  const [row] = await query(`explain (format json) select from ${tableSql(table)}`);
  const rows = planRows(row?.['QUERY PLAN']);
  return rows ?? 0;
}

function planRows(plan: unknown): number | undefined {
  const [first]: unknown[] = Array.isArray(plan) ? plan : [];
  if (typeof first !== 'object' || first === null || !('Plan' in first)) return undefined;
  const { Plan } = first;
  if (typeof Plan !== 'object' || Plan === null || !('Plan Rows' in Plan)) return undefined;
  return typeof Plan['Plan Rows'] === 'number' ? Plan['Plan Rows'] : undefined;
}
