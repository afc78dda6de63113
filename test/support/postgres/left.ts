import pg from 'pg';

/** The owner of every borrowed database; it stays, with a password for each. */
export const APP_ROLE = 'kingstons_app';

/** What outlives a database, in the order in which it can be dropped. */
const THINGS = `
  select 'slot' as kind, slot_name::text as name, database::text from pg_replication_slots
  union all select 'prepared', gid, database::text from pg_prepared_xacts
  union all select 'database', datname::text, null from pg_database where not datistemplate
  union all select 'template', datname::text, null from pg_database where datistemplate
  union all select 'role', rolname::text, null from pg_roles where rolname !~ '^pg_'`;

/** Drops what was made since. */
export async function giveBack(root: string, before: readonly pg.QueryResultRow[]): Promise<void> {
  const known = new Set(before.map(({ kind, name }) => `${kind} ${name}`));
  const left = (await thingsOn(root)).filter(({ kind, name }) => !known.has(`${kind} ${name}`) && name !== APP_ROLE);
  const of = (wanted: string) => left.filter(({ kind }) => kind === wanted);
  for (const { name, database } of of('prepared')) {
    await ask(withDatabase(root, database), `rollback prepared ${pg.escapeLiteral(name)}`);
  }
  for (const { name } of of('slot')) await ask(root, `select pg_drop_replication_slot(${pg.escapeLiteral(name)})`);
  for (const { name } of of('template'))
    await ask(root, `alter database ${pg.escapeIdentifier(name)} is_template false`);
  for (const { name } of [...of('database'), ...of('template')]) {
    await ask(root, `drop database ${pg.escapeIdentifier(name)} with (force)`);
  }
  for (const { name } of of('role')) {
    await ask(root, `drop owned by ${pg.escapeIdentifier(name)}; drop role ${pg.escapeIdentifier(name)}`);
  }
}

/** What is there now, to be compared with later. */
export function thingsOn(root: string): Promise<readonly pg.QueryResultRow[]> {
  return ask(root, THINGS);
}

export async function ask(url: string, sql: string): Promise<readonly pg.QueryResultRow[]> {
  const client = new pg.Client({ connectionString: url });
  client.on('error', () => undefined);
  await client.connect();
  try {
    const result: pg.QueryResult | readonly pg.QueryResult[] = await client.query(sql);
    return 'rows' in result ? result.rows : [];
  } finally {
    await client.end();
  }
}

export function withDatabase(url: string, name: string): string {
  const parsed = new URL(url);
  parsed.pathname = `/${name}`;
  return parsed.toString();
}
