import { ident, parseQualified } from '../../runtime/postgres/quote.js';
import type { ScanQuery } from '../scan/database.js';
import { ScanFailure } from '../scan/failure.js';

interface NameRow extends Record<string, unknown> {
  readonly name: string;
}

/**
 * The columns that a table has. The portal's documents describe the same table twice, with different columns, so the
 * actual columns decide.
 */
export async function columnsOf(query: ScanQuery, table: string): Promise<ReadonlySet<string>> {
  const { schema, name } = parseQualified(table);
  const rows = await query<NameRow>(
    `select a.attname::text as name from pg_attribute a join pg_class c on c.oid = a.attrelid
    join pg_namespace n on n.oid = c.relnamespace
    where n.nspname = $1 and c.relname = $2 and a.attnum > 0 and not a.attisdropped`,
    [schema, name],
  );
  if (rows.length === 0) throw new ScanFailure('column', 'the table does not exist');
  return new Set(rows.map((row) => row.name));
}

/** The first of these names that there is, quoted. */
export function firstOf(columns: ReadonlySet<string>, names: readonly string[]): string | undefined {
  const found = names.find((name) => columns.has(name));
  return found === undefined ? undefined : ident(found);
}

export function required(column: string | undefined, what: string): string {
  if (column === undefined) throw new ScanFailure('column', `the table has no column for ${what}`);
  return column;
}
