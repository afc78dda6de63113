import pg from 'pg';
import type { Undo } from './environment.js';

/** Takes the strongest lock in a transaction of its own and leaves it open. */
export async function holdLock(databaseUrl: string, table: string): Promise<Undo> {
  const client = new pg.Client({ connectionString: databaseUrl, application_name: 'kop-demo-table-lock' });
  // When the database goes away the lock goes with it; there is nothing left to do here.
  client.on('error', () => undefined);
  await client.connect();
  try {
    await client.query('begin');
    await client.query("set local idle_in_transaction_session_timeout = 0; set local lock_timeout = '10s'");
    await client.query(`lock table ${client.escapeIdentifier(table)} in access exclusive mode`);
  } catch (error) {
    await client.end();
    throw error;
  }
  return async () => {
    await client.query('rollback').catch(() => undefined);
    await client.end().catch(() => undefined);
  };
}
