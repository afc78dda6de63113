import type { KeyPath } from '../../reading/source-node.js';
import type { ParsedAuth, ParsedIdentity } from '../schema/auth.js';
import type { ParsedPortal } from '../schema/portal.js';

export interface User {
  readonly path: KeyPath;
  readonly auth: ParsedAuth | ParsedIdentity;
}

/** All users as which the exporter may log in to a portal. */
export function usersOf(portal: string, { auth, identities }: ParsedPortal): readonly User[] {
  const home = ['portals', portal];
  return [
    { path: [...home, 'auth'], auth },
    ...Object.entries(identities).map(([name, described]) => ({
      path: [...home, 'identities', name],
      auth: described,
    })),
  ];
}

/** Every path of the portal that a login or logout requests. */
export function pathsOf(auth: User['auth']): readonly (readonly [KeyPath, string])[] {
  if (auth.kind !== 'login' && auth.kind !== 'form') {
    return [];
  }
  const { logout } = auth;
  const { csrf, secondStep } = auth.kind === 'login' ? auth : {};
  const written: readonly (readonly [KeyPath, string | undefined])[] = [
    [['path'], auth.path],
    [['csrf', 'path'], csrf?.path],
    [['secondStep', 'path'], secondStep?.path],
    [['logout', 'path'], logout?.path],
    [['logout', 'csrf', 'path'], logout?.csrf?.path],
  ];
  return written.flatMap(([place, path]) => (path === undefined ? [] : [[place, path] as const]));
}
