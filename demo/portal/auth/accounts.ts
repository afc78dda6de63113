import bcrypt from 'bcryptjs';
import type { ClientBase } from 'pg';

/** Cost 12 is what passlib used for the portal; one comparison takes about 300 ms. */
export const BCRYPT_COST = 12;

export const PROBE_EMAIL = 'probe@kingston.example';
export const ADVISER_EMAIL = 'adviser@kingston.example';

export async function setPassword(client: ClientBase, email: string, password: string, cost: number): Promise<void> {
  const hash = await bcrypt.hash(password, cost);
  await client.query('delete from authentication where profiles_id = (select id from profiles where email = $1)', [
    email,
  ]);
  await client.query(
    'insert into authentication (password_hash, profiles_id) select $2, id from profiles where email = $1',
    [email, hash],
  );
}

/** Synchronous on purpose: in the portal bcrypt runs on the event loop and all other requests wait. */
export function passwordMatches(password: string, hash: string): boolean {
  return bcrypt.compareSync(password, hash);
}
