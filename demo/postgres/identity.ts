import { spawnSync } from 'node:child_process';

/** The operating system user a server process runs as. */
export interface ServerIdentity {
  readonly name: string;
  readonly uid: number;
  readonly gid: number;
}

const NOBODY = 65_534;

/**
 * Who runs the server: `undefined` means the current user.
 *
 * PostgreSQL refuses uid 0, so root hands over to `postgres` when the machine has that user and to `nobody` otherwise.
 * No user is ever created: a demo must not leave a mark on the host.
 */
export function serverIdentity(): ServerIdentity | undefined {
  if (process.getuid?.() !== 0) {
    return undefined;
  }
  return lookUp('postgres') ?? lookUp('nobody') ?? { name: 'nobody', uid: NOBODY, gid: NOBODY };
}

function lookUp(name: string): ServerIdentity | undefined {
  const uid = idOf('-u', name);
  const gid = idOf('-g', name);
  return uid === undefined || gid === undefined || uid === 0 ? undefined : { name, uid, gid };
}

// `id` instead of reading /etc/passwd: users may live in a directory service (macOS always, Linux sometimes).
function idOf(flag: '-u' | '-g', name: string): number | undefined {
  const answer = spawnSync('id', [flag, name], { encoding: 'utf8' });
  const id = Number.parseInt(answer.stdout ?? '', 10);
  return answer.status === 0 && Number.isInteger(id) ? id : undefined;
}

/** spawn() takes a signed number, chown() an unsigned one; macOS's nobody (-2) is where they differ. */
export function spawnIds(identity: ServerIdentity | undefined): { uid?: number; gid?: number } {
  return identity ? { uid: identity.uid | 0, gid: identity.gid | 0 } : {};
}
