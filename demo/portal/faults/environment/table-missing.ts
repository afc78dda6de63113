import pg from 'pg';
import type { Undo } from './environment.js';

const SUFFIX = '__kop_missing';

// A view follows its table to the new name and would go on working, whereas after a real DROP … CASCADE it is gone.
const WITH_DEPENDENT_VIEWS = `
  with recursive affected (oid) as (
    select $1::regclass::oid
    union
    select w.ev_class from affected a
    join pg_depend d on d.refobjid = a.oid and d.refclassid = 'pg_class'::regclass and d.classid = 'pg_rewrite'::regclass
    join pg_rewrite w on w.oid = d.objid
  )
  select relname as name from affected join pg_class using (oid)`;

/** Renames the table or view and every view that stands on it; the undo renames them back. */
export async function hideRelation(databaseUrl: string, relation: string): Promise<Undo> {
  await withClient(databaseUrl, async (client) => {
    const affected = await client.query<{ name: string }>(WITH_DEPENDENT_VIEWS, [relation]);
    await renameAll(
      client,
      affected.rows.map(({ name }) => ({ from: name, to: `${name}${SUFFIX}` })),
    );
  });
  return () => restoreHidden(databaseUrl);
}

/** Also called at start: a demo that was killed may have left a database behind with tables missing. */
export async function restoreHidden(databaseUrl: string): Promise<void> {
  await withClient(databaseUrl, async (client) => {
    const hidden = await client.query<{ name: string }>(
      "select relname as name from pg_class where relkind in ('r', 'v') and relnamespace = 'public'::regnamespace and relname like '%' || $1",
      [SUFFIX.replaceAll('_', '\\_')],
    );
    await renameAll(
      client,
      hidden.rows.map(({ name }) => ({ from: name, to: name.slice(0, -SUFFIX.length) })),
    );
  });
}

async function renameAll(client: pg.Client, names: readonly { from: string; to: string }[]): Promise<void> {
  // The demo's server commits asynchronously. Killed right after this, it would come back with the tables hidden still.
  await client.query("begin; set local lock_timeout = '10s'; set local synchronous_commit = on");
  for (const { from, to } of names) {
    await client.query(`alter table ${client.escapeIdentifier(from)} rename to ${client.escapeIdentifier(to)}`);
  }
  await client.query('commit');
}

async function withClient(databaseUrl: string, work: (client: pg.Client) => Promise<void>): Promise<void> {
  const client = new pg.Client({ connectionString: databaseUrl, application_name: 'kop-demo-table-missing' });
  client.on('error', () => undefined);
  await client.connect();
  try {
    await work(client);
  } finally {
    // Ends the transaction too, should a rename have failed half way.
    await client.end();
  }
}
