import { appendFile, cp, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { createServer, type IncomingMessage } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { anchorTarget, parseVkey, verifyAuditLog } from '../../../../exporters/audit-trail/seal/index.js';
import { openCheckpoint } from '../../../../exporters/runtime/sealing/signing/checkpoint.js';
import type { Anchor } from '../../../../pack/sealing/model.js';
import { SecretText } from '../../../../pack/secrets/secret.js';
import { motoProgram } from '../../../support/encryption/moto.js';
import { MotoS3 } from './moto.js';
import { Lab, ORIGIN, SealLog } from './support.js';

let lab: Lab;
let log: SealLog;
let folder: string;

beforeAll(async () => {
  lab = await Lab.open();
});
afterAll(() => lab.close());
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'kop-anchor-'));
  await lab.freshTable();
  await lab.write(60);
});
afterEach(async () => {
  await log.remove();
  await rm(folder, { recursive: true, force: true });
});

const anchor = (name: string) => log.sealer.status().anchors.find((status) => status.name === name);
const reached = (name: string) =>
  expect
    .poll(() => anchor(name)?.error ?? anchor(name)?.seq, { timeout: 10_000 })
    .toBe(log.sealer.status().checkpoint?.seq);

describe('a second directory', () => {
  const second = (): Anchor => ({ kind: 'directory', name: 'second', directory: join(folder, 'second') });
  const copyPath = () => join(folder, 'second', 'kingston.example_audit.log.jsonl');

  it('holds a whole copy that verifies by itself, entries of an outage included', async () => {
    log = await SealLog.open(lab);
    await log.seal();
    await log.seal();
    log = await log.again({ anchors: [second()] });
    await log.seal();
    await reached('second');
    expect(await readFile(copyPath(), 'utf8')).toBe(await readFile(log.logPath, 'utf8'));
    await appendFile(copyPath(), '{"statement":"cut sh');
    log = await log.again({ anchors: [second()] });
    await log.seal();
    await reached('second');
    const result = await verifyAuditLog({ path: copyPath(), origin: ORIGIN, keys: [parseVkey(log.key.vkey)] });
    expect(result).toMatchObject({ ok: true, records: 60, entries: 5 });
    expect(anchor('second')?.reachedAt).toBeInstanceOf(Date);
  });

  it('remembers what was rolled back, log and trusted state together', async () => {
    log = await SealLog.open(lab, { anchors: [second()] });
    await log.seal();
    await reached('second');
    const old = join(folder, 'old');
    await log.sealer.stop();
    await cp(log.directory, old, { recursive: true });
    log = await log.again({ anchors: [second()] });
    await log.seal();
    await reached('second');
    await log.sealer.stop();
    await rm(log.directory, { recursive: true });
    await cp(old, log.directory, { recursive: true });
    log = await log.again({ anchors: [second()] });
    await expect(log.seal()).rejects.toThrow('it was rolled back');
    expect(log.sealer.status()).toMatchObject({ state: 'refused', evidence: 'unknown', failures: { anchor: 1 } });
  });

  it('in which somebody planted a line stops nothing, and is reported', async () => {
    log = await SealLog.open(lab, { anchors: [second()] });
    await log.seal();
    await reached('second');
    const copy = await readFile(copyPath(), 'utf8');
    await writeFile(copyPath(), copy.replaceAll('"count\\":10', '"count\\":11'));
    log = await log.again({ anchors: [second()] });
    await log.seal();
    await expect.poll(() => log.sealer.status().evidence).toBe('degraded');
    expect(log.sealer.status().state).toBe('sealing');
    expect(log.sealer.status().failures.anchor).toBeGreaterThan(0);
  });
});

describe('an HTTP witness', () => {
  interface Seen {
    readonly body: string;
    readonly authorization: string | undefined;
  }
  const seen: Seen[] = [];
  let answer = 200;
  const server = createServer((request: IncomingMessage, response) => {
    const parts: Buffer[] = [];
    request.on('data', (part: Buffer) => parts.push(part));
    request.on('end', () => {
      seen.push({ body: Buffer.concat(parts).toString('utf8'), authorization: request.headers.authorization });
      response.writeHead(answer, answer === 302 ? { location: '/elsewhere' } : {}).end();
    });
  });
  let url: string;

  beforeAll(async () => {
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const address = server.address() as AddressInfo;
    url = `http://127.0.0.1:${address.port}/add`;
  });
  afterAll(() => server.close());
  beforeEach(() => {
    seen.length = 0;
    answer = 200;
  });

  const witness = (): Anchor => ({
    kind: 'http',
    name: 'witness',
    url,
    token: SecretText.literal('t0ken'),
    timeoutMs: 2_000,
  });

  it('is sent the signed checkpoint with its token', async () => {
    log = await SealLog.open(lab, { anchors: [witness()] });
    await log.seal();
    await reached('witness');
    expect(seen.at(-1)?.authorization).toBe('Bearer t0ken');
    expect(openCheckpoint(seen.at(-1)?.body ?? '', [parseVkey(log.key.vkey)], ORIGIN).size).toBe(60);
  });

  it.each([
    [500, 'answered 500'],
    [302, 'fetch failed'],
  ])('that answers %i holds nothing up, shows as not reached, and is tried again', async (status, message) => {
    answer = status;
    log = await SealLog.open(lab, { anchors: [witness()] });
    await log.seal();
    await expect.poll(() => anchor('witness')?.error).toContain(message);
    await log.seal();
    expect(log.sealer.status()).toMatchObject({ state: 'sealing', evidence: 'degraded', checkpoint: { seq: 2 } });
    expect(anchor('witness')?.reachedAt).toBeUndefined();
    expect(seen.every(({ body }) => body.startsWith(ORIGIN))).toBe(true);
    answer = 200;
    await reached('witness');
    expect(log.sealer.status().evidence).toBe('ok');
  });

  it('that has seen another tree is a failure of the anchor', async () => {
    answer = 409;
    log = await SealLog.open(lab, { anchors: [witness()] });
    await log.seal();
    await expect.poll(() => log.sealer.status().failures.anchor).toBe(1);
  });
});

describe.skipIf(motoProgram === undefined)("an object store (skipped without moto's moto_server)", () => {
  let moto: MotoS3;
  beforeAll(async () => {
    moto = await MotoS3.open();
    await moto.makeBucket('seals');
  });
  afterAll(() => moto?.close());

  let round = 0;
  const store = (): Anchor => ({
    kind: 's3',
    name: 'store',
    endpoint: moto.endpoint,
    region: 'eu-west-2',
    bucket: 'seals',
    prefix: `audit/${round}/`,
    accessKeyId: SecretText.literal('test'),
    secretAccessKey: SecretText.literal('test'),
    retainDays: 3,
  });
  const key = (seq: number) => `audit/${round}/kingston.example_audit/${String(seq).padStart(12, '0')}.jsonl`;
  beforeEach(() => {
    round += 1;
  });

  it('keeps each entry under a retention lock that nobody can lift', async () => {
    log = await SealLog.open(lab, { anchors: [store()] });
    await log.seal();
    await reached('store');
    const head = await moto.request(`seals/${key(1)}`, { method: 'HEAD' });
    expect(head.headers.get('x-amz-object-lock-mode')).toBe('COMPLIANCE');
    const until = Date.parse(head.headers.get('x-amz-object-lock-retain-until-date') ?? '');
    expect(until).toBeGreaterThan(Date.now() + 2.9 * 86_400_000);
    const version = head.headers.get('x-amz-version-id');
    const removal = await moto.request(`seals/${key(1)}?versionId=${version}`, {
      method: 'DELETE',
      headers: { 'x-amz-bypass-governance-retention': 'true' },
    });
    expect(removal.status).toBe(403);
    const kept = await (await moto.request(`seals/${key(1)}`)).text();
    expect((await readFile(log.logPath, 'utf8')).endsWith(kept)).toBe(true);
  });

  /** Seals twice and lays the log of the first time over it. @returns the newest entry that the store holds. */
  async function rollBack(): Promise<number> {
    log = await SealLog.open(lab, { anchors: [store()] });
    await log.seal();
    await reached('store');
    const old = join(folder, 'old');
    await log.sealer.stop();
    await cp(log.directory, old, { recursive: true });
    log = await log.again({ anchors: [store()] });
    await lab.write(5);
    await log.seal();
    await reached('store');
    const { seq = 0 } = log.sealer.status().checkpoint ?? {};
    await log.sealer.stop();
    await rm(log.directory, { recursive: true });
    await cp(old, log.directory, { recursive: true });
    return seq;
  }

  it('tells of a log that was rolled back, and of one that was forked', async () => {
    await rollBack();
    log = await log.again({ anchors: [store()] });
    await expect(log.seal()).rejects.toThrow('holds entry 2, but the log ends at 1');
    // Sealed without asking the store, the log is another one from here on.
    log = await log.again();
    await log.seal();
    log = await log.again({ anchors: [store()] });
    await expect(log.seal()).rejects.toThrow('holds another entry 2: the log was forked');
    expect(log.sealer.status().failures.anchor).toBe(1);
  });

  /** As whoever may delete does it: without a version, so that a marker hides what the lock keeps. */
  async function empty(entries: number): Promise<void> {
    for (let seq = 0; seq < entries; seq += 1) {
      expect((await moto.request(`seals/${key(seq)}`, { method: 'DELETE' })).status).toBe(204);
      expect((await moto.request(`seals/${key(seq)}`)).status).toBe(404);
    }
  }

  it('tells of a log that was rolled back although every object was deleted, or written over', async () => {
    const seq = await rollBack();
    await empty(seq + 1);
    log = await log.again({ anchors: [store()] });
    await expect(log.seal()).rejects.toThrow(`holds entry ${seq}, but the log ends at`);
    // The attacker's own history, sealed without the store and then put over the hidden objects.
    log = await log.again();
    await log.seal();
    const forged = (await readFile(log.logPath, 'utf8')).trimEnd().split('\n').at(-1);
    await moto.request(`seals/${key(seq)}`, { method: 'PUT', body: `${forged}\n` });
    log = await log.again({ anchors: [store()] });
    await expect(log.seal()).rejects.toThrow(`holds another entry ${seq}: the log was forked`);
  });

  it('does not take an entry for stored over one that was hidden', async () => {
    log = await SealLog.open(lab, { anchors: [store()] });
    const planted = 'what somebody else stored first';
    await moto.request(`seals/${key(0)}`, { method: 'PUT', body: planted });
    await empty(1);
    await log.seal();
    await expect.poll(() => log.sealer.status().failures.anchor, { timeout: 10_000 }).toBe(1);
  });

  it('is read back where it ends before the log does, and through more than one page of versions', async () => {
    log = await SealLog.open(lab, { anchors: [store()] });
    await log.seal();
    await reached('store');
    const { seq = 0 } = log.sealer.status().checkpoint ?? {};
    const line = (await readFile(log.logPath, 'utf8')).trimEnd().split('\n').at(-1);
    const target = anchorTarget(store(), ORIGIN);
    const newest = (from: number) => target.newest?.(from, AbortSignal.timeout(20_000));
    expect(await newest(seq + 5_000)).toBe(line);
    for (let n = 0; n < 1_005; n += 1) await moto.request(`seals/${key(seq)}`, { method: 'PUT', body: `${n}` });
    expect(await newest(0)).toBe(line);
    expect(await newest(0)).not.toBe('1004');
  });

  it('that is not there holds nothing up', async () => {
    log = await SealLog.open(lab, { anchors: [{ ...store(), bucket: 'nowhere' } as Anchor] });
    await log.seal();
    await expect.poll(() => anchor('store')?.error, { timeout: 10_000 }).toContain('NoSuchBucket');
    expect(log.sealer.status()).toMatchObject({ state: 'sealing', evidence: 'degraded' });
  });
});
