import { HttpError } from '../http/errors.js';
import type { DatabaseCall, Profile } from '../http/route.js';
import { cookieValue } from './cookies.js';

/**
 * Cookie token first, then `Authorization: Bearer` (this spelling only). The portal's third way, the session cookie,
 * raises inside and never signs anybody in, so it is left out here.
 */
export async function currentUser(call: DatabaseCall): Promise<Profile> {
  const authorization = call.headers.authorization ?? '';
  const candidates = [
    cookieValue(call.headers.cookie, 'access_token'),
    authorization.startsWith('Bearer ') ? authorization.slice('Bearer '.length) : undefined,
  ];
  for (const token of candidates) {
    const id = token === undefined ? undefined : call.portal.tokens.verify(token);
    const profile = id === undefined ? undefined : await profileById(call, id);
    if (profile) {
      return profile;
    }
  }
  if (call.portal.tokens.sendsToLogin) {
    throw new HttpError(302, 'Found', { location: `/login?next=${encodeURIComponent(call.path)}` });
  }
  throw new HttpError(401, 'Not authenticated', { 'www-authenticate': 'Bearer' });
}

// An error in here is swallowed, as in the portal: a query that fails reads as "not authenticated".
async function profileById(call: DatabaseCall, id: number): Promise<Profile | undefined> {
  return call.db
    .row<Profile & Record<string, unknown>>('select * from profiles where id = $1', [id])
    .catch(() => undefined);
}
