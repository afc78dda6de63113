/** What the version before wrote for field encryption is read, believed and gone on with. */
import { cp, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, onTestFinished, test } from 'vitest';
import { readBook, writtenBook } from '../../../../exporters/encryption/probe/canary-book.js';
import { storeFor } from '../../../../exporters/encryption/scan/watch.js';
import { looseFolder } from '../../../../exporters/runtime/state/index.js';
import { probeJob, secret } from '../../../support/encryption/domain.js';
import { startPgcrypto } from '../../../support/encryption/pgcrypto.js';
import { oneRound } from '../../../support/encryption/round.js';
import { column } from '../../../support/encryption/scanning.js';
import type { BorrowedServer } from '../../../support/postgres/borrowed.js';

const earlier = 'test/fixtures/encryption/earlier';
const DAY_MS = 86_400_000;

let server: BorrowedServer;
beforeAll(async () => {
  server = await startPgcrypto();
});
afterAll(() => server.close());

async function copyOfEarlier(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'kop-earlier-'));
  onTestFinished(() => rm(folder, { recursive: true }));
  await cp(earlier, folder, { recursive: true });
  return folder;
}

test('a canary that it sealed still opens, and its age counts from then', async () => {
  const folder = await copyOfEarlier();
  const canaryFile = join(folder, 'canaries.json');
  const before = readBook(await readFile(canaryFile, 'utf8'));
  expect(before?.canaries).toHaveLength(1);
  if (before === undefined) throw new Error('no record');
  const canaries = before.canaries.map((canary) => ({ ...canary, madeAtMs: Date.now() - 100 * DAY_MS }));
  await writeFile(canaryFile, writtenBook({ ...before, canaries }));
  const job = probeJob(
    {
      kind: 'pgcrypto',
      name: 'database',
      database: { url: secret(server.url), statementTimeoutMs: 5000, maxConnections: 1 },
      passphrase: secret('canary passphrase'),
      options: 'cipher-algo=aes256',
      deterministic: false,
    },
    { slaSeconds: 1, canaryFile, probe: { samples: 1, sizesBytes: [16] } },
  );
  const { selfTests } = await oneRound(job);
  const outcomes = Object.fromEntries(selfTests.map(([name, { outcome }]) => [name, outcome]));
  expect(outcomes).toMatchObject({ aged_1d: 'passed', aged_7d: 'passed', aged_90d: 'passed' });
  expect(readBook(await readFile(canaryFile, 'utf8'))?.canaries).toHaveLength(2);
});

test('what its last whole scan found is known', async () => {
  const folder = looseFolder(join(await copyOfEarlier(), 'scan'));
  const { state, ...rest } = await storeFor(folder, 'main', column('fields', { kind: 'pgp' })).load();
  expect(Object.values(rest).filter((why) => why !== undefined)).toEqual([]);
  expect(state.whole).toMatchObject({
    copies: 2,
    findings: [{ state: 'plaintext_suspect', rows: 1 }],
    tally: { rows: 42, states: { encrypted: 41, plaintext_suspect: 1 } },
  });
});
