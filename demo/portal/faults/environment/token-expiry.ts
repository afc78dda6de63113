import pg from 'pg';
import type { Tokens } from '../../auth/jwt.js';
import type { Undo } from './environment.js';

/**
 * Ends every session now. A new login works at once, before and after the rule is cleared.
 *
 * @param sendsToLogin requests without a session are redirected to the login page, which answers 200, until the rule is
 * cleared; portals with pages do this, and some with an API.
 */
export async function expireAllSessions(databaseUrl: string, tokens: Tokens, sendsToLogin: boolean): Promise<Undo> {
  tokens.revokeAll();
  const client = new pg.Client({ connectionString: databaseUrl, application_name: 'kop-demo-token-expiry' });
  client.on('error', () => undefined);
  await client.connect();
  try {
    await client.query('update session set expires_at = now() where expires_at > now()');
  } finally {
    await client.end();
  }
  tokens.sendsToLogin = sendsToLogin;
  return async () => {
    tokens.sendsToLogin = false;
  };
}
