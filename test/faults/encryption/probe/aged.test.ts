import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, onTestFinished, test, vi } from 'vitest';
import { type CanaryBook, readBook, writtenBook } from '../../../../exporters/encryption/probe/canary-book.js';
import { CanaryFile } from '../../../../exporters/encryption/probe/canary-file.js';
import { ProbeEngine } from '../../../../exporters/encryption/probe/engine.js';
import { providerFinding } from '../../../../exporters/encryption/probe/findings.js';
import type { ProbeJob } from '../../../../exporters/encryption/probe/plan.js';
import { probeNow } from '../../../../exporters/encryption/probe/run-now.js';
import { Redactor } from '../../../../exporters/runtime/redactor.js';
import { literal, probeJob } from '../../../support/encryption/domain.js';
import { metricsOf, total } from '../../../support/encryption/exporter.js';
import { ROOT_TOKEN, TransitStandIn } from '../../../support/encryption/transit-stand-in.js';

const DAY = 86_400_000;
const aged = ['aged_1d', 'aged_7d', 'aged_90d', 'aged_versions'] as const;

async function keyService() {
  const server = new TransitStandIn();
  const address = await server.start();
  const folder = mkdtempSync(join(tmpdir(), 'kop-aged-'));
  onTestFinished(async () => {
    rmSync(folder, { recursive: true, force: true });
    await server.close();
  });
  server.key('canary');
  const path = join(folder, 'state', 'canaries.json');
  const provider = {
    kind: 'transit',
    name: 'vault',
    address,
    mount: 'transit',
    key: 'canary',
    renewToken: true,
  } as const;
  const job = probeJob(
    { ...provider, token: literal(ROOT_TOKEN) },
    { slaSeconds: 1, canaryFile: path, probe: { samples: 1, sizesBytes: [16] } },
  );
  return { server, job, path };
}

/** A process of its own as far as the provider can tell: nothing of the one before is in memory. */
async function results(job: ProbeJob) {
  const result = await new ProbeEngine(job, new Redactor(), () => undefined).round();
  return { result, ...outcomes(result.selfTests) };
}

function outcomes(tests: Awaited<ReturnType<ProbeEngine['round']>>['selfTests']) {
  const of = (name: string) => tests.find(([test]) => test === name)?.[1];
  return {
    outcomes: Object.fromEntries(aged.map((test) => [test, of(test)?.outcome])),
    why: (test: string) => of(test)?.why,
  };
}

/** Makes what is kept so many days older, as time would. */
function age(path: string, days: number): void {
  const book = readBook(readFileSync(path, 'utf8'));
  if (book === undefined) throw new Error('no record');
  const older = (ms: number) => ms - days * DAY;
  const moved: CanaryBook = {
    ...book,
    canaries: book.canaries.map((each) => ({ ...each, madeAtMs: older(each.madeAtMs) })),
  };
  writeFileSync(path, writtenBook(moved));
}

const nothingYet = { aged_1d: 'absent', aged_7d: 'absent', aged_90d: 'absent', aged_versions: 'absent' };
const allUnknown = { aged_1d: 'unknown', aged_7d: 'unknown', aged_90d: 'unknown', aged_versions: 'unknown' };
const allPassed = { aged_1d: 'passed', aged_7d: 'passed', aged_90d: 'passed', aged_versions: 'passed' };
const allFailed = { aged_1d: 'failed', aged_7d: 'failed', aged_90d: 'failed', aged_versions: 'failed' };

describe('a canary of an earlier process', () => {
  test('is unknown until there is one of that age, and then must open', async () => {
    const { job, path } = await keyService();
    const first = await results(job);
    expect(first.outcomes).toEqual(nothingYet);
    expect(first.why('aged_7d')).toMatch(/^no canary is 7 days old yet: the record begins at \d{4}-/);
    expect(
      total(metricsOf(job, first.result), 'field_encryption_self_test_success', { test: 'aged_1d' }),
    ).toBeUndefined();
    age(path, 2);
    expect((await results(job)).outcomes).toEqual({ ...nothingYet, aged_1d: 'passed', aged_versions: 'passed' });
    age(path, 6);
    expect((await results(job)).outcomes).toEqual({ ...allPassed, aged_90d: 'absent' });
    age(path, 90);
    const last = await results(job);
    expect(last.outcomes).toEqual(allPassed);
    expect(total(metricsOf(job, last.result), 'field_encryption_self_test_success', { test: 'aged_90d' })).toBe(1);
  });

  test('fails when its key was lost and another was made in its place, and opens when the key is back', async () => {
    const { server, job, path } = await keyService();
    await results(job);
    age(path, 91);
    const lost = server.take('canary');
    const { outcomes: found, result, why } = await results(job);
    expect(found).toEqual(allFailed);
    expect(why('aged_90d')).toMatch(/^sealed at \d{4}-.*: it does not open any more: .*authentication failed/);
    // Everything else is fine: that is what makes the loss so easy to miss.
    expect(result.isUsable).toBe(true);
    expect(result.selfTests.filter(([, { outcome }]) => outcome === 'failed').map(([test]) => test)).toEqual(aged);
    server.put('canary', lost);
    expect((await results(job)).outcomes).toEqual(allPassed);
  });

  test('fails when the versions before the newest were disallowed, and names the version', async () => {
    const { server, job, path } = await keyService();
    await results(job);
    age(path, 2);
    server.key('canary').rotate();
    server.key('canary').rotate();
    server.key('canary').configure({ minDecryption: 2 });
    const { outcomes: found, why } = await results(job);
    expect(found).toMatchObject({ aged_1d: 'failed', aged_versions: 'failed' });
    expect(why('aged_versions')).toMatch(/^version 1: sealed at .*min_decryption_version/);
  });

  test('of one version that failed is told, also behind a version of which nobody knows', async () => {
    const { server, job, path } = await keyService();
    await results(job);
    server.key('canary').rotate();
    await results(job);
    age(path, 1);
    const book = readBook(readFileSync(path, 'utf8'));
    if (book === undefined) throw new Error('no record');
    const [first, ...others] = book.canaries;
    if (first === undefined) throw new Error('no canary');
    // Of the first nothing can be told any more; the versions after it do not open.
    writeFileSync(path, writtenBook({ ...book, canaries: [{ ...first, sealed: 'of another form' }, ...others] }));
    server.take('canary');
    server.key('canary');
    const { outcomes: found, why } = await results(job);
    expect(found).toMatchObject({ aged_versions: 'failed' });
    expect(why('aged_versions')).toMatch(/^version \d: .*does not open any more/);
  });

  test('proves nothing when nobody can be asked', async () => {
    const { server, job, path } = await keyService();
    await results(job);
    age(path, 91);
    server.faults.sealed = true;
    const { result } = await results(job);
    expect(result).toMatchObject({ isUsable: false, selfTests: [] });
  });
});

describe('the record of canaries', () => {
  const lost = 'field_encryption_canaries_lost';

  test('that is lost starts again, and stays unknown until somebody has seen it', async () => {
    const { job, path } = await keyService();
    expect(total(metricsOf(job, (await results(job)).result), lost)).toBe(0);
    age(path, 91);
    rmSync(path);
    const { outcomes: found, why, result } = await results(job);
    expect(found).toEqual(allUnknown);
    expect(why('aged_1d')).toMatch(
      /^the record of aged canaries was gone at .*; remove .*\.kept once you have seen it$/,
    );
    expect(total(metricsOf(job, result), lost)).toBe(1);
    expect(providerFinding({ job, last: result, outage: undefined, problem: undefined }, Date.now()).state).toBe(
      'unknown',
    );
    expect(existsSync(path)).toBe(true);
    // In another process, and after days, it is still not known; what the new record tells, is.
    age(path, 8);
    expect((await results(job)).outcomes).toEqual({ ...allUnknown, aged_1d: 'passed', aged_7d: 'passed' });
    rmSync(`${path}.kept`);
    for (let times = 0; times < 2; times += 1) {
      const seen = await results(job);
      expect(seen.outcomes).toEqual({ ...allPassed, aged_90d: 'absent' });
      expect(total(metricsOf(job, seen.result), lost)).toBe(0);
    }
  });

  test('that was lost is as good as ever once a new one is 90 days old', async () => {
    const { job, path } = await keyService();
    await results(job);
    rmSync(path);
    await results(job);
    age(path, 91);
    expect((await results(job)).outcomes).toEqual(allPassed);
  });

  test('that was removed together with its mark, on purpose, starts again without a message', async () => {
    const { job, path } = await keyService();
    await results(job);
    age(path, 91);
    for (const file of [path, `${path}.kept`]) rmSync(file);
    expect((await results(job)).outcomes).toEqual(nothingYet);
  });

  test('of an earlier edition has no mark, and gets one', async () => {
    const { job, path } = await keyService();
    await results(job);
    rmSync(`${path}.kept`);
    await results(job);
    rmSync(path);
    expect((await results(job)).outcomes).toEqual(allUnknown);
  });

  test('that is damaged leaves every age unknown, says where, and is left as it is', async () => {
    const { job, path } = await keyService();
    await results(job);
    age(path, 91);
    const damaged = readFileSync(path, 'utf8').slice(0, -30);
    writeFileSync(path, damaged);
    const { outcomes: found, why, result } = await results(job);
    expect(found).toEqual(allUnknown);
    expect(why('aged_1d')).toBe(
      `the record of aged canaries in ${path} is damaged; remove it and ${path}.kept to start again`,
    );
    expect(total(metricsOf(job, result), lost)).toBe(1);
    const report = await probeNow({ ...job, keepsCanaries: false }, 1, new Redactor());
    expect(report).toMatchObject({
      verdict: 'unknown',
      unknown: expect.arrayContaining([`aged_1d: ${why('aged_1d')}`]),
    });
    expect(readFileSync(path, 'utf8')).toBe(damaged);
  });

  test('that cannot be written says so where nothing is known, and takes nothing from what is', async () => {
    const { job, path } = await keyService();
    await results(job);
    age(path, 2);
    const inFile = { ...job, canaryFile: join(path, 'below a file.json') };
    const { outcomes: found, why } = await results(inFile);
    expect(found).toEqual(allUnknown);
    expect(why('aged_1d')).toContain('cannot be read: a part of the path is a file (ENOTDIR)');
  });

  test('holds no plaintext, and is for nobody else to read', async () => {
    const { job, path } = await keyService();
    await results(job);
    const book = readBook(readFileSync(path, 'utf8'));
    expect(book?.canaries).toHaveLength(1);
    expect(Object.keys(book?.canaries[0] ?? {}).toSorted()).toEqual([
      'context',
      'digest',
      'madeAtMs',
      'sealed',
      'version',
    ]);
    const { statSync } = await import('node:fs');
    expect(statSync(path).mode & 0o077).toBe(0);
  });

  test('is only read by a command', async () => {
    const { job, path } = await keyService();
    await results({ ...job, keepsCanaries: false });
    expect(existsSync(path)).toBe(false);
  });

  test('is whole after each of ten kills in the middle of writing', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'kop-aged-kill-'));
    onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
    const path = join(folder, 'canaries.json');
    const program = fileURLToPath(new URL('../../../support/encryption/canary-writer.mjs', import.meta.url));
    for (let kill = 0; kill < 10; kill += 1) {
      const child = spawn(process.execPath, [program, path], { stdio: ['ignore', 'pipe', 'inherit'] });
      await once(child.stdout, 'data');
      await new Promise((resolve) => setTimeout(resolve, 3 * kill));
      child.kill('SIGKILL');
      await once(child, 'exit');
      const book = await new CanaryFile(path).load(0);
      expect(book.canaries.length).toBeGreaterThan(0);
    }
  });
});

describe('a version that is revoked for a test', () => {
  test('is restored by whoever comes after a kill, to what it was, before canaries are asked for', async () => {
    const { server, job, path } = await keyService();
    await results(job);
    age(path, 91);
    const key = server.key('canary');
    expect(key.describe()).toMatchObject({ latest_version: 2, min_decryption_version: 1 });
    // As a process leaves it that is killed between revoking and restoring.
    key.configure({ minDecryption: 2 });
    await new CanaryFile(path).noteRevoked({ version: '1', earliest: '1', atMs: Date.now() - 120_000 });
    expect((await results(job)).outcomes).toEqual(allPassed);
    expect(key.describe()).toMatchObject({ latest_version: 2, min_decryption_version: 1 });
    expect(existsSync(`${path}.revoked`)).toBe(false);
  });

  test('just now, by somebody else, leaves the canaries unknown, and is not restored under the hands of the other', async () => {
    const { server, job, path } = await keyService();
    await results(job);
    age(path, 91);
    server.key('canary').configure({ minDecryption: 2 });
    await new CanaryFile(path).noteRevoked({ version: '1', earliest: '1', atMs: Date.now() });
    const { outcomes: found, why } = await results(job);
    expect(found).toEqual(nothingYet);
    expect(why('aged_1d')).toBe('a version of the key is revoked for a test just now');
  });

  test('is noted before it is revoked', async () => {
    const { job } = await keyService();
    const noted: boolean[] = [];
    const spy = vi.spyOn(CanaryFile.prototype, 'noteRevoked').mockImplementation(async ({ earliest }) => {
      noted.push(earliest === '1');
    });
    onTestFinished(() => spy.mockRestore());
    await results(job);
    expect(noted).toEqual([true]);
  });
});
