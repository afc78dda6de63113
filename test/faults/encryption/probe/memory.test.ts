/**
 * What lies in the memory of a running exporter between two rounds of its probe: in the heap of each thread, and in all
 * that a core file of the process would hold. A search that finds nothing proves nothing unless it also finds what must be there.
 */
import { spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { closeSync, mkdtempSync, openSync, readdirSync, readFileSync, readSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { stringify } from 'yaml';
import { shippedPackPath } from '../../../../pack/index.js';
import { startPgcrypto } from '../../../support/encryption/pgcrypto.js';
import { freePort } from '../../../support/encryption/ports.js';
import { softHsmLibrary, softToken } from '../../../support/encryption/softhsm.js';
import { TransitStandIn } from '../../../support/encryption/transit-stand-in.js';
import type { BorrowedServer } from '../../../support/postgres/borrowed.js';
import { eventually } from '../../../support/stack/eventually.js';
import { ExporterProcess } from '../../../support/stack/exporter-process.js';

const passphrase = 'Pl4nted-Passphrase-Value';
const pin = 'Pl4nted-Pin';
const CHUNK_BYTES = 16 * 1024 ** 2;
/** Stands in the description, so it is in the heap of whoever read that. */
const marker = 'pl4nted-marker';

const folder = mkdtempSync(join(tmpdir(), 'kop-memory-'));
const hook = new URL('../../../support/encryption/memory-hook.mjs', import.meta.url);
let server: BorrowedServer;
let vault: TransitStandIn;
let exporter: ExporterProcess;
let token: string;

/** As a file, so that it is not in the environment, where it would be for as long as the process lives. */
function file(name: string, content: string): string {
  const path = join(folder, name);
  writeFileSync(path, content, { mode: 0o600 });
  return `\${file:${path}}`;
}

beforeAll(async () => {
  server = await startPgcrypto();
  vault = new TransitStandIn();
  const address = await vault.start();
  vault.key(`${marker}-canary`);
  token = vault.token();
  const hsm = softHsmLibrary === undefined ? undefined : softToken('memory', pin);
  const config = join(folder, 'pack.yaml');
  const providers = {
    local: { kind: 'local' },
    vault: { kind: 'transit', address, key: `${marker}-canary`, token: file('token', token) },
    pgcrypto: {
      kind: 'pgcrypto',
      database: { url: file('url', server.adminUrl) },
      passphrase: file('passphrase', passphrase),
      functions: { encrypt: 'fields.seal', decrypt: 'fields.unseal' },
    },
    ...(hsm === undefined
      ? {}
      : {
          hsm: {
            kind: 'pkcs11',
            library: hsm.library,
            tokenLabel: hsm.label,
            pin: file('pin', pin),
            keyLabel: `${marker}-key`,
            createKeys: true,
          },
        }),
  };
  writeFileSync(
    config,
    stringify({
      encryption: {
        kingston: {
          title: marker,
          // One round, and then a long rest.
          probe: { interval: '1h', sizes: ['256B'], samples: 50 },
          providers,
        },
      },
    }),
  );
  exporter = new ExporterProcess({
    configFiles: [shippedPackPath(), config],
    port: await freePort(),
    env: {
      KOP_TEST_MEMORY: folder,
      NODE_OPTIONS: `--import=${hook.href}`,
      KINGSTON_PROBE_EMAIL: 'nobody@example.com',
      KINGSTON_PROBE_PASSWORD: 'not-used-here',
    },
    names: ['encryption'],
  });
  await exporter.start();
  for (const name of Object.keys(providers)) {
    await eventually(`a round with ${name}`, 20_000, async () => {
      const up = await exporter.value(`field_encryption_provider_up{portal="kingston",provider="${name}"}`);
      return up === 1;
    });
  }
  // A token is measured in a process of its own.
  const children = readFileSync(`/proc/${exporter.pid}/task/${exporter.pid}/children`, 'utf8').trim();
  for (const pid of [
    exporter.pid,
    ...children
      .split(' ')
      .filter((one) => one !== '')
      .map(Number),
  ])
    process.kill(pid, 'SIGUSR2');
  const threads = 1 + Object.keys(providers).length;
  // A snapshot is work for seconds, and all threads make theirs at once.
  await eventually('a look at each thread', 90_000, () =>
    Promise.resolve(readdirSync(folder).filter((name) => name.endsWith('.done')).length === threads),
  );
}, 180_000);

afterAll(async () => {
  await exporter?.end('SIGKILL');
  await vault?.close();
  await server?.close();
  rmSync(folder, { recursive: true, force: true });
});

/** As it is, and as it goes over wires. */
function formsOf(secret: string): string[] {
  return [secret, Buffer.from(secret).toString('base64').replaceAll('=', ''), Buffer.from(secret).toString('hex')];
}

function secrets(): string[] {
  return [token, passphrase, ...(softHsmLibrary === undefined ? [] : [pin])];
}

describe('between two rounds', () => {
  test('no thread of the exporter holds a token, a passphrase or a PIN', () => {
    const snapshots = readdirSync(folder).filter((name) => name.endsWith('.heapsnapshot'));
    for (const name of snapshots) {
      const heap = readFileSync(join(folder, name), 'utf8');
      expect(heap.includes(marker), name).toBe(true);
      for (const form of secrets().flatMap(formsOf)) expect(heap.includes(form), name).toBe(false);
    }
  });

  test.skipIf(process.platform !== 'linux')('no key of a round is anywhere in the process', { timeout: 60_000 }, () => {
    const keys = readFileSync(join(folder, 'keys'), 'utf8').trim().split('\n');
    const wanted = [...new Set(keys)].map((key) => Buffer.from(key, 'hex'));
    expect(wanted.length).toBeGreaterThan(0);
    expect(isHeld(exporter.pid, [Buffer.from(marker)])).toBe(true);
    expect(isHeld(exporter.pid, wanted)).toBe(false);
  });

  test.skipIf(process.platform !== 'linux')('and a key that is kept would have been found', async () => {
    const key = randomBytes(32);
    writeFileSync(join(folder, 'kept'), key);
    const holder = `
      const bytes = require('node:fs').readFileSync(process.argv[1]);
      globalThis.kept = require('node:crypto').createSecretKey(bytes);
      bytes.fill(0);
      console.log('kept');
      setInterval(() => globalThis.kept, 1000);`;
    const child = spawn(process.execPath, ['-e', holder, join(folder, 'kept')], {
      stdio: ['ignore', 'pipe', 'ignore'],
    });
    try {
      await once(child.stdout, 'data');
      expect(isHeld(child.pid ?? 0, [key])).toBe(true);
    } finally {
      child.kill('SIGKILL');
    }
  });
});

function isHeld(pid: number, wanted: readonly Buffer[]): boolean {
  for (const memory of memoryOf(pid)) if (wanted.some((one) => memory.includes(one))) return true;
  return false;
}

/** What a core file of it would hold; to have one written takes a minute, and 25 GB of address space. */
function* memoryOf(pid: number): Iterable<Buffer> {
  const handle = openSync(`/proc/${pid}/mem`, 'r');
  try {
    const smaps = readFileSync(`/proc/${pid}/smaps`, 'utf8');
    for (const [, start, end, resident] of smaps.matchAll(
      /^([0-9a-f]+)-([0-9a-f]+) rw.*\n(?:(?!Rss:).*\n)*Rss: +(\d+) kB/gm,
    )) {
      if (Number(resident) === 0) continue;
      const from = Number.parseInt(start ?? '', 16);
      const length = Number.parseInt(end ?? '', 16) - from;
      for (let at = 0; at < length; at += CHUNK_BYTES) {
        // A key that lies across two pieces is in both.
        const piece = Buffer.alloc(Math.min(CHUNK_BYTES + 64, length - at));
        const read = readSync(handle, piece, 0, piece.length, from + at);
        yield piece.subarray(0, read);
      }
    }
  } finally {
    closeSync(handle);
  }
}
