import { randomBytes } from 'node:crypto';
import type pg from 'pg';

const SECRET_BYTES = 18;

/**
 * A role with these rights and no more, in whose sessions nothing can be changed. With a new password in each run: a demo that
 * keeps its data has the roles, but nobody kept their passwords.
 *
 * @returns the address for it.
 */
export async function limitedRole(client: pg.Client, url: string, name: string, grants: string): Promise<string> {
  const password = newSecret();
  const found = await client.query('select from pg_roles where rolname = $1', [name]);
  await client.query(`
    ${found.rowCount === 0 ? 'create' : 'alter'} role ${name} login noinherit connection limit 5
      password ${client.escapeLiteral(password)};
    alter role ${name} set default_transaction_read_only = on;
    ${grants}`);
  const own = new URL(url);
  own.username = name;
  own.password = password;
  return own.href;
}

export function newSecret(): string {
  return randomBytes(SECRET_BYTES).toString('hex');
}
