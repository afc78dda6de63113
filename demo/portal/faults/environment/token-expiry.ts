import pg from 'pg';
import type { Tokens } from '../../auth/jwt.js';
import type { Undo } from './environment.js';

/** Ends every session now. There is nothing to undo: a new login works at once, before and after the rule is cleared. */
export async function expireAllSessions(databaseUrl: string, tokens: Tokens): Promise<Undo> {
  tokens.revokeAll();
  const client = new pg.Client({ connectionString: databaseUrl, application_name: 'kop-demo-token-expiry' });
  client.on('error', () => undefined);
  await client.connect();
  try {
    await client.query('update session set expires_at = now() where expires_at > now()');
  } finally {
    await client.end();
  }
  return async () => undefined;
}
