import childProcess from 'node:child_process';
import { Socket } from 'node:dgram';
import { syncBuiltinESMExports } from 'node:module';
import { Server } from 'node:net';
import { afterAll, afterEach } from 'vitest';

/**
 * A test in test/unit starts no server and no process. This file makes the attempt throw, and fails the test even when
 * the code under test caught what was thrown. A list of such tests would be out of date with the next one.
 */
const attempts: string[] = [];

function refuse(what: string): () => never {
  return () => {
    const attempt = `${what} in test/unit: what starts a server or a process belongs in test/integration`;
    attempts.push(attempt);
    throw new Error(attempt);
  };
}

/** Every server over TCP or a socket file listens through the first; every process but the synchronous ones, through the last. */
Object.assign(Server.prototype, { listen: refuse('a server listens') });
Object.assign(Socket.prototype, { bind: refuse('a UDP socket listens') });
Object.assign(childProcess.ChildProcess.prototype, { spawn: refuse('a process starts') });
Object.assign(childProcess, {
  spawnSync: refuse('spawnSync'),
  execFileSync: refuse('execFileSync'),
  execSync: refuse('execSync'),
});
syncBuiltinESMExports();

function failOnAttempts(): void {
  const made = attempts.splice(0);
  if (made.length > 0) throw new Error(made.join('\n'));
}

afterEach(failOnAttempts);
// Also what a file starts while it is loaded, or in a hook.
afterAll(failOnAttempts);
