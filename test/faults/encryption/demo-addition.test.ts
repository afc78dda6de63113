/** What `kop demo` describes of field encryption: whole, with no more rights than it needs, and no secret in a file. */
import { mkdtempSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, onTestFinished, test, vi } from 'vitest';
import { type DemoPortal, startPortal } from '../../../demo/portal/index.js';
import { type PostgresServer, startPostgres } from '../../../demo/postgres/index.js';
import type { Addition } from '../../../demo/stack/addition.js';
import { encryptionAddition } from '../../../demo/stack/encryption/index.js';
import { startGuard } from '../../../demo/stack/guard.js';
import { loadPack, shippedPackPath } from '../../../pack/index.js';
import { run } from '../../support/encryption/scanning.js';
import { softHsmLibrary } from '../../support/encryption/softhsm.js';

let server: PostgresServer;
let portal: DemoPortal;
let folder: string;
let addition: Addition;

beforeAll(async () => {
  server = await startPostgres();
  portal = await startPortal({ databaseUrl: server.url, passwordCost: 4 });
  folder = mkdtempSync(join(tmpdir(), 'kop-addition-'));
  addition = await made(folder);
}, 90_000);

afterAll(async () => {
  await portal?.close();
  await server?.close();
  if (folder !== undefined) await rm(folder, { recursive: true, force: true });
});

async function made(into: string, env: Readonly<Record<string, string>> = {}): Promise<Addition> {
  const guard = startGuard(into, false);
  for (const [name, value] of Object.entries(env)) vi.stubEnv(name, value);
  try {
    const database = { url: server.url, adminUrl: server.adminUrl, server, close: async () => undefined };
    const context = { folder: into, signal: new AbortController().signal, guard, died: () => undefined };
    return await encryptionAddition({ database })(context);
  } finally {
    vi.unstubAllEnvs();
    guard.dismiss();
  }
}

const value = (name: string): string => addition.secrets[name] ?? '';

test('is a description that the pack takes, with a provider of each kind that this machine has', () => {
  const file = join(folder, 'addition.yaml');
  writeFileSync(file, addition.text);
  const { encryption } = loadPack([shippedPackPath(), file], { requireSecrets: false });
  expect(encryption[0]?.providers.map(({ name }) => name).sort()).toEqual(
    ['local', 'pgcrypto', 'portal', ...(softHsmLibrary === undefined ? [] : ['softhsm'])].sort(),
  );
  expect(encryption[0]?.scan?.columns).toHaveLength(4);
  expect(addition.missing.map(({ name }) => name)).toEqual(softHsmLibrary === undefined ? ['softhsm'] : []);
});

test('names its secrets, and writes none of them down', () => {
  const secrets = Object.entries(addition.secrets).map(([, secret]) =>
    secret.startsWith('postgres') ? new URL(secret).password : secret,
  );
  expect(secrets.length).toBeGreaterThanOrEqual(3);
  const written = filesBelow(folder).map((file) => readFileSync(file, 'latin1'));
  for (const secret of secrets) {
    expect(secret.length).toBeGreaterThanOrEqual(16);
    expect([addition.text, ...written].join('\n')).not.toContain(secret);
  }
});

function filesBelow(place: string): string[] {
  return readdirSync(place).flatMap((name) => {
    const path = join(place, name);
    return statSync(path).isDirectory() ? filesBelow(path) : [path];
  });
}

describe('the role that scans', () => {
  test('reads what is scanned', async () => {
    const rows = await run(value('KOP_DEMO_SCAN_DATABASE_URL'), 'select ni_number from phase_2.product_owner_details');
    expect(rows.length).toBeGreaterThan(100);
  });

  test.each([
    'select * from phase_2.encryption_keys',
    'select firstname from public.product_owners',
    'select old_row from phase_2.product_owner_details_audit',
    'delete from phase_2.encryption_audit_log',
    'set default_transaction_read_only = off; update phase_2.product_owner_details set dob = null',
    'create table public.mine ()',
  ])('may not: %s', async (sql) => {
    await expect(run(value('KOP_DEMO_SCAN_DATABASE_URL'), sql)).rejects.toThrow(/permission denied|read-only/);
  });
});

describe('the role of the canary', () => {
  test.each(['select ni_number from phase_2.product_owner_details', 'select * from public.product_owners'])(
    'may not: %s',
    async (sql) => {
      await expect(run(value('KOP_DEMO_CANARY_DATABASE_URL'), sql)).rejects.toThrow(/permission denied/);
    },
  );
});

test('made again, as by a demo that keeps its data, it has new secrets and works', async () => {
  const again = await made(folder);
  expect(again.secrets.KOP_DEMO_CANARY_DATABASE_URL).not.toBe(addition.secrets.KOP_DEMO_CANARY_DATABASE_URL);
  await run(again.secrets.KOP_DEMO_CANARY_DATABASE_URL ?? '', 'select 1');
  addition = again;
});

test('without SoftHSM it says what is missing, and describes the rest', async () => {
  const other = mkdtempSync(join(tmpdir(), 'kop-addition-'));
  onTestFinished(() => rm(other, { recursive: true, force: true }));
  const found = await made(other, { PATH: other });
  expect(found.missing.map(({ name }) => name)).toEqual(['softhsm']);
  expect(found.text).not.toContain('pkcs11');
  expect(found.text).toContain('pgcrypto');
  // The roles have new passwords now.
  addition = { ...addition, secrets: { ...addition.secrets, ...found.secrets } };
});
