import { spawn } from 'node:child_process';
import { type ServerIdentity, spawnIds } from './identity.js';

// Reads a pipe that only the parent holds. When it closes, the parent is gone, however it went, and the server follows:
// a fast stop, after 3 s an immediate one, after 8 s a kill. The first rounds run even without a pid file, because a
// server that was starting at that moment writes it a little later. A shell and not Node: 1 MB instead of 45.
const SCRIPT = `
trap '' HUP INT TERM
while read -r _; do :; done
round=0
while [ "$round" -lt 100 ]; do
  pid=
  if [ -r "$1/data/postmaster.pid" ]; then read -r pid < "$1/data/postmaster.pid"; fi
  if [ -n "$pid" ] && kill -0 "$pid" 2>/dev/null; then
    if [ "$round" -lt 30 ]; then kill -INT "$pid"
    elif [ "$round" -lt 80 ]; then kill -QUIT "$pid"
    else kill -KILL "$pid"
    fi 2>/dev/null
  elif [ "$round" -ge 5 ]; then
    break
  fi
  round=$((round + 1))
  sleep 0.1
done
if [ "$2" = remove ] && [ -n "$1" ]; then rm -rf "$1"; fi
`;

export interface Watchdog {
  /** Call after the server was stopped in the ordinary way. */
  dismiss(): void;
}

/**
 * Ties the life of the server in `rootDir` to the life of this process, kill -9 included, without touching this
 * process's signal handlers. It runs as the server's user, so it can end nothing that user could not end.
 */
export function watchOver(rootDir: string, isTemporary: boolean, identity: ServerIdentity | undefined): Watchdog {
  if (process.platform === 'win32') {
    // No POSIX shell to lean on; an ordinary exit is covered by the server's own exit hook.
    return { dismiss: () => undefined };
  }
  const dog = spawn('/bin/sh', ['-c', SCRIPT, 'kop-postgres-watchdog', rootDir, isTemporary ? 'remove' : 'keep'], {
    // A session of its own: Ctrl-C in a terminal reaches the whole group, and the watchdog has to outlive it.
    detached: true,
    stdio: ['pipe', 'ignore', 'ignore'],
    cwd: '/',
    env: { PATH: '/usr/bin:/bin' },
    ...spawnIds(identity),
  });
  dog.on('error', () => undefined);
  dog.stdin.on('error', () => undefined);
  dog.unref();
  if ('unref' in dog.stdin && typeof dog.stdin.unref === 'function') {
    dog.stdin.unref();
  }
  return {
    dismiss() {
      dog.kill('SIGKILL');
      dog.stdin.destroy();
    },
  };
}
