import type { ClientBase } from 'pg';
import { rowStatements } from './rows.js';
import { SEARCH_SQL } from './search.js';
import { INDEXES_SQL, TABLE_NAMES, TABLES_SQL } from './tables.js';
import { VIEWS_SQL } from './views.js';

export interface SeedOptions {
  /** 1 is the portal's size today (130 client groups); 100 is a hundred times that. */
  readonly scale?: number;
}

export const MAX_SCALE = 100;
const MARK = 'Kingston demo data, scale ';

/**
 * Creates the portal's schema and fills it, always with the same rows for the same scale. Does nothing when the
 * database already holds them, and refuses one that holds tables of the same names from anywhere else.
 */
export async function seed(client: ClientBase, options: SeedOptions = {}): Promise<void> {
  const scale = options.scale ?? 1;
  if (!Number.isInteger(scale) || scale < 1 || scale > MAX_SCALE) {
    throw new RangeError(`scale must be a whole number from 1 to ${MAX_SCALE}, not ${scale}`);
  }
  if (await isSeeded(client, scale)) {
    return;
  }
  await client.query('begin');
  try {
    await client.query(TABLES_SQL);
    for (const statement of rowStatements(scale)) {
      await client.query(statement);
    }
    await client.query(INDEXES_SQL);
    await client.query(VIEWS_SQL);
    await client.query(SEARCH_SQL);
    for (const table of TABLE_NAMES) {
      await moveSequence(client, table);
    }
    await client.query(`comment on table client_groups is '${MARK}${scale}'`);
    await client.query('commit');
  } catch (error) {
    await client.query('rollback');
    throw error;
  }
  // Plans, and with them the timings, should not depend on whether autovacuum has come by yet.
  await client.query('analyze');
}

async function isSeeded(client: ClientBase, scale: number): Promise<boolean> {
  const found = await client.query<{ tables: string; mark: string | null }>(
    `select count(*)::text as tables, max(obj_description(oid, 'pg_class')) as mark
     from pg_class where relnamespace = 'public'::regnamespace and relkind = 'r' and relname = any($1)`,
    [TABLE_NAMES],
  );
  const { tables = '0', mark = null } = found.rows[0] ?? {};
  if (tables === '0') {
    return false;
  }
  if (mark === `${MARK}${scale}`) {
    return true;
  }
  throw new Error(
    mark?.startsWith(MARK)
      ? `This database was filled at ${mark.slice(MARK.length - 'scale '.length)}; give an empty database for scale ${scale}, or ask for that scale.`
      : 'This database already has tables with the portal’s names that the demo did not make. Give an empty database: the demo never overwrites data.',
  );
}

async function moveSequence(client: ClientBase, table: string): Promise<void> {
  const sequence = await client.query<{ name: string; key: string }>(
    `select pg_get_serial_sequence($1, attname) as name, attname as key from pg_attribute
     where attrelid = $1::regclass and attidentity <> ''`,
    [table],
  );
  const { name, key } = sequence.rows[0] ?? {};
  if (name !== undefined && key !== undefined) {
    await client.query(`select setval($1, (select max(${key}) from ${table})) where exists (select from ${table})`, [
      name,
    ]);
  }
}
