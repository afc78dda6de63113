import { performance } from 'node:perf_hooks';
import pg from 'pg';
import { afterAll, beforeAll, describe, expect, onTestFinished, test, vi } from 'vitest';
import { encryptionSettings } from '../../../../alert-rules/src/encryption/settings.js';
import { readProviderKey } from '../../../../exporters/encryption/keys/provider-key.js';
import { ProbeEngine } from '../../../../exporters/encryption/probe/engine.js';
import type { RoundResult } from '../../../../exporters/encryption/probe/protocol.js';
import { Redactor } from '../../../../exporters/runtime/redactor.js';
import type { EncryptionError } from '../../../../pack/encryption/metrics.js';
import type { EncryptionProvider } from '../../../../pack/encryption/model.js';
import { literal, probeJob, secret } from '../../../support/encryption/domain.js';
import { metricsOf, total } from '../../../support/encryption/exporter.js';
import { json, scriptedServer } from '../../../support/encryption/http-server.js';
import { isInstalled } from '../../../support/encryption/moto.js';
import { startPgcrypto } from '../../../support/encryption/pgcrypto.js';
import { oneRound, verdicts } from '../../../support/encryption/round.js';
import { ROOT_TOKEN, TransitStandIn } from '../../../support/encryption/transit-stand-in.js';
import type { BorrowedServer } from '../../../support/postgres/borrowed.js';

async function transit(
  options: { readonly token?: (server: TransitStandIn) => string; readonly timeoutMs?: number } = {},
) {
  const server = new TransitStandIn();
  const address = await server.start();
  onTestFinished(() => server.close());
  server.key('canary');
  const token = literal(options.token?.(server) ?? ROOT_TOKEN);
  const job = probeJob(
    { kind: 'transit', name: 'vault', address, mount: 'transit', key: 'canary', token, renewToken: true },
    // Generous, because the machine may be busy; what is slow here is ten times that.
    { slaSeconds: 0.1, probe: { samples: 2, timeoutMs: options.timeoutMs ?? 2000, sizesBytes: [16] } },
  );
  return { server, job };
}

/** Which outcomes, errors and tests the page tells of: each fault must show in its own, and in no other. */
function told(job: Parameters<typeof metricsOf>[0], result: RoundResult) {
  const series = metricsOf(job, result);
  const reasons = [...series].flatMap(([key, value]) =>
    value > 0 && key.startsWith('field_encryption_errors_total') ? [/reason="([^"]*)"/.exec(key)?.[1] ?? ''] : [],
  );
  const outcome = (name: string) => total(series, 'field_encryption_operations_total', { outcome: name }) ?? 0;
  return {
    up: total(series, 'field_encryption_provider_up'),
    reasons: [...new Set(reasons)],
    missed: outcome('missed') > 0,
    failed: outcome('failed') > 0,
    failedTests: [...series].flatMap(([key, value]) =>
      value === 0 && key.startsWith('field_encryption_self_test_success')
        ? [/test="([^"]*)"/.exec(key)?.[1] ?? '']
        : [],
    ),
    testsMade: total(series, 'field_encryption_self_test_success') !== undefined,
  };
}

const sound = { up: 1, reasons: [], missed: false, failed: false, failedTests: [], testsMade: true };
const gone = (reason: EncryptionError) => ({ ...sound, up: 0, reasons: [reason], failed: true, testsMade: false });

const expiry = 'field_encryption_credential_expiry_timestamp_seconds';

describe('a key service', () => {
  test('that is in order', async () => {
    const { job } = await transit();
    expect(told(job, await oneRound(job))).toEqual(sound);
  });

  test('that is slow misses the promise, and nothing else', async () => {
    const { server, job: patient } = await transit();
    const job = { ...patient, slaSeconds: 0.04 };
    server.faults.delayMs = 50;
    expect(told(job, await oneRound(job))).toEqual({ ...sound, missed: true });
  });

  test('that cannot be reached', async () => {
    const { server, job } = await transit();
    await server.close();
    expect(told(job, await oneRound(job))).toEqual(gone('unavailable'));
  });

  test('that does not answer', async () => {
    const { server, job } = await transit({ timeoutMs: 200 });
    server.faults.silent = true;
    expect(told(job, await oneRound(job))).toEqual(gone('timeout'));
  });

  test('that is sealed', async () => {
    const { server, job } = await transit();
    server.faults.sealed = true;
    const result = await oneRound(job);
    expect(told(job, result)).toEqual(gone('unavailable'));
    expect(result.problem).toContain('sealed');
  });

  test('that throttles', async () => {
    const { server, job } = await transit();
    server.faults.throttled = true;
    expect(told(job, await oneRound(job))).toEqual(gone('throttled'));
  });

  test('that gives back a wrong plaintext breaks the integrity, and is up', async () => {
    const { server, job } = await transit();
    server.faults.wrongPlaintext = true;
    expect(told(job, await oneRound(job))).toEqual({
      ...sound,
      reasons: ['integrity'],
      failed: true,
      failedTests: ['round_trip'],
    });
  });

  test('whose token has expired', async () => {
    const { job } = await transit({ token: (server) => server.token({ ttlSeconds: 0 }) });
    expect(told(job, await oneRound(job))).toEqual(gone('auth'));
  });

  test('whose token may only encrypt', async () => {
    const { job } = await transit({ token: (server) => server.token({ may: ['encrypt', 'token'] }) });
    expect(told(job, await oneRound(job))).toEqual(gone('auth'));
  });

  test('whose token may not read the key is measured all the same, without the tests of versions', async () => {
    const { job } = await transit({ token: (server) => server.token({ may: ['encrypt', 'decrypt', 'token'] }) });
    const result = await oneRound(job);
    expect(told(job, result)).toEqual(sound);
    expect(verdicts(result).absent.toSorted()).toEqual(['old_version_decrypts', 'revoked_version_fails', 'wrong_key']);
  });

  test('whose older version stayed revoked, as after a kill in the middle of the tests, gets another', async () => {
    const { server, job } = await transit();
    // A ciphertext of before: nothing that the probe makes anew could tell.
    server.key('canary').rotate();
    server.key('canary').configure({ minDecryption: 2, minEncryption: 2 });
    const result = await oneRound(job);
    expect(told(job, result)).toEqual(sound);
    expect(verdicts(result).absent).toEqual([]);
    expect(server.key('canary').describe()).toMatchObject({ latest_version: 3, min_decryption_version: 2 });
  });

  test('renews a token that is past half of its life, and no other', async () => {
    const young = await transit({ token: (server) => server.token({ ttlSeconds: 3600 }) });
    await oneRound(young.job);
    expect(young.server.seen.filter((one) => one.includes('renew-self'))).toEqual([]);
    const old = await transit({ token: (server) => server.token({ ttlSeconds: 3600, ageSeconds: 1900 }) });
    await oneRound(old.job);
    expect(old.server.seen.filter((one) => one.includes('renew-self'))).toHaveLength(1);
  });

  test('tells when its token ends, and goes on telling when nothing works any more', async () => {
    const { server, job } = await transit({ token: (its) => its.token({ ttlSeconds: 3600, ageSeconds: 1000 }) });
    const result = await oneRound(job);
    const left = (total(metricsOf(job, result), expiry) ?? 0) - Date.now() / 1000;
    expect(left).toBeGreaterThan(2590);
    expect(left).toBeLessThan(2601);
    expect(total(metricsOf(job, result), 'field_encryption_credential_lifetime_seconds')).toBe(3600);
    server.faults.sealed = true;
    const page = metricsOf(job, result, await oneRound(job));
    expect(total(page, expiry)).toBe(total(metricsOf(job, result), expiry));
  });

  test('tells the new end of a token that was just renewed', async () => {
    const { job } = await transit({ token: (its) => its.token({ ttlSeconds: 3600, ageSeconds: 1900 }) });
    const page = metricsOf(job, await oneRound(job));
    expect((total(page, expiry) ?? 0) - Date.now() / 1000).toBeGreaterThan(3500);
  });

  test('tells no end of a token that has none, nor of one that may not look itself up', async () => {
    const endless = await transit();
    expect(total(metricsOf(endless.job, await oneRound(endless.job)), expiry)).toBeUndefined();
    const blind = await transit({ token: (its) => its.token({ may: ['encrypt', 'decrypt', 'keys'] }) });
    const result = await oneRound(blind.job);
    expect(result.isUsable).toBe(true);
    expect(total(metricsOf(blind.job, result), expiry)).toBeUndefined();
  });

  test('tells which version of a key it still decrypts', async () => {
    const { server, job } = await transit();
    const { provider } = job;
    if (provider.kind !== 'transit') throw new Error('not transit');
    const read = () => readProviderKey(provider, 'canary', new Redactor(), AbortSignal.timeout(5000));
    server.key('canary').rotate();
    expect(await read()).toMatchObject({ latest: '2', earliest: '1' });
    server.key('canary').configure({ minDecryption: 2, minEncryption: 2 });
    expect(await read()).toMatchObject({ latest: '2', earliest: '2' });
  });

  test('is left alone for longer after each round in vain, and tried again', async () => {
    const { server, job } = await transit();
    const engine = new ProbeEngine(job, new Redactor(), () => undefined);
    server.faults.sealed = true;
    const first = await engine.round();
    const second = await engine.round();
    expect(second.pauseMs).toBeGreaterThan(first.pauseMs * 1.5);
    // And no longer than the alerts are patient: it is asked again before they say that nobody asks.
    let pauseMs = 0;
    for (let rounds = 0; rounds < 12; rounds += 1) ({ pauseMs } = await engine.round());
    expect(pauseMs).toBeLessThan((encryptionSettings.probe.leastSeconds * 1000) / 2 + 1);
    expect(pauseMs).toBeGreaterThan(second.pauseMs);
    server.faults.sealed = false;
    expect(await engine.round()).toMatchObject({ isUsable: true, pauseMs: 0 });
  });

  test('is asked to revoke a version once, and not in each round', async () => {
    const { server, job } = await transit();
    const engine = new ProbeEngine(job, new Redactor(), () => undefined);
    const configured = () => server.seen.filter((one) => one.endsWith('/config')).length;
    await engine.round();
    expect(configured()).toBe(2);
    const second = await engine.round();
    expect(configured()).toBe(2);
    expect(verdicts(second).passed).toContain('revoked_version_fails');
  });

  test('goes on showing the tests of versions when their hour ends in the middle of a round, and makes them next', async () => {
    const { server, job } = await transit();
    const pass = clock();
    const engine = new ProbeEngine(job, new Redactor(), () => undefined);
    const configured = () => server.seen.filter((one) => one.endsWith('/config')).length;
    await engine.round();
    // Half a second is left when the round begins, and it takes longer.
    pass(3_600_000 - 500);
    server.faults.delayMs = 30;
    expect(verdicts(await engine.round()).passed).toContain('revoked_version_fails');
    expect(configured()).toBe(2);
    server.faults.delayMs = 0;
    expect(verdicts(await engine.round()).passed).toContain('revoked_version_fails');
    expect(configured()).toBe(4);
  });

  test('is asked again within minutes when no test of versions could be made', async () => {
    const may = ['encrypt', 'decrypt', 'token'];
    const { server, job } = await transit({ token: (its) => its.token({ may, ttlSeconds: 36_000 }) });
    const pass = clock();
    const engine = new ProbeEngine(job, new Redactor(), () => undefined);
    expect(verdicts(await engine.round()).absent).toContain('revoked_version_fails');
    may.push('keys');
    expect(verdicts(await engine.round()).absent).toContain('revoked_version_fails');
    expect(server.seen.filter((one) => one.endsWith('/config'))).toEqual([]);
    pass(6 * 60_000);
    expect(verdicts(await engine.round()).passed).toContain('revoked_version_fails');
  });

  test('has its version restored even when the exporter stops while it is revoked', async () => {
    const { server, job } = await transit();
    const key = server.key('canary');
    server.faults.delayMs = 20;
    const engine = new ProbeEngine(job, new Redactor(), () => undefined);
    engine.start();
    await expect
      .poll(() => key.describe(), { timeout: 20_000, interval: 2 })
      .toMatchObject({
        min_decryption_version: 2,
      });
    await engine.stop();
    expect(key.describe()).toMatchObject({ min_decryption_version: 1 });
  });
});

/** @returns a function by which the monotonic clock goes forward. */
function clock(): (ms: number) => void {
  let aheadMs = 0;
  const real = performance.now.bind(performance);
  const spy = vi.spyOn(performance, 'now').mockImplementation(() => real() + aheadMs);
  onTestFinished(() => spy.mockRestore());
  return (ms) => {
    aheadMs += ms;
  };
}

describe.skipIf(!isInstalled('@aws-sdk/client-kms'))('AWS KMS that answers', () => {
  test.each([
    ['ThrottlingException', 400, 'throttled'],
    ['LimitExceededException', 400, 'throttled'],
    ['AccessDeniedException', 400, 'auth'],
    ['ExpiredTokenException', 400, 'auth'],
    ['DisabledException', 400, 'auth'],
    ['KMSInvalidStateException', 400, 'auth'],
    ['KMSInternalException', 500, 'unavailable'],
    ['KeyUnavailableException', 500, 'unavailable'],
    ['NotFoundException', 400, 'protocol'],
    ['SomethingNew', 503, 'unavailable'],
  ] as const)('%s', async (type, status, reason) => {
    const server = await scriptedServer((_, response) => json(response, status, { __type: type, message: 'no' }));
    const job = probeJob({
      kind: 'kms',
      name: 'kms',
      region: 'eu-west-2',
      endpoint: server.url,
      keyId: 'canary',
      accessKeyId: literal('test'),
      secretAccessKey: literal('test'),
      dataKeyLifetimeMs: 1000,
      dataKeyMaxUses: 10,
    });
    expect(told(job, await oneRound(job))).toEqual(gone(reason));
    // Three operations in vain end a round. None is tried again behind our back: that would hide the failure, and its time.
    expect(server.seen).toHaveLength(3);
  });
});

describe('pgcrypto', () => {
  let server: BorrowedServer;
  beforeAll(async () => {
    server = await startPgcrypto();
  });
  afterAll(() => server.close());

  const job = (over: Partial<Extract<EncryptionProvider, { kind: 'pgcrypto' }>>, timeoutMs = 5000) =>
    probeJob(
      {
        kind: 'pgcrypto',
        name: 'database',
        database: { url: secret(server.url), statementTimeoutMs: 60_000, maxConnections: 1 },
        passphrase: secret('canary passphrase'),
        options: '',
        deterministic: false,
        ...over,
      },
      { probe: { sizesBytes: [16], samples: 2, timeoutMs } },
    );

  test('with a hardened s2k-count misses a promise of 10 ms, correct as it is', async () => {
    const hardened = job({ options: 's2k-mode=3,s2k-count=65011712' });
    const result = await oneRound(hardened);
    expect(told(hardened, result)).toEqual({ ...sound, missed: true });
    const series = metricsOf(hardened, result);
    expect(total(series, 'field_encryption_operations_total', { outcome: 'met' })).toBe(0);
  });

  test('tells until when the password of its role is valid', async () => {
    const ends = async (role: string, validity: string) => {
      const client = new pg.Client({ connectionString: server.adminUrl });
      await client.connect();
      await client.query(`create role ${role} login password 'x' ${validity}`);
      await client.end();
      const url = new URL(server.url);
      [url.username, url.password] = [role, 'x'];
      const other = job({ database: { url: secret(url.href), statementTimeoutMs: 60_000, maxConnections: 1 } });
      return total(metricsOf(other, await oneRound(other)), expiry);
    };
    expect(await ends('canary_ending', "valid until '2099-01-01 00:00:00+00'")).toBe(Date.UTC(2099, 0, 1) / 1000);
    expect(await ends('canary_endless', "valid until 'infinity'")).toBeUndefined();
    expect(await ends('canary_unsaid', '')).toBeUndefined();
  });

  test('that takes longer than we wait is given up, by the server too', async () => {
    const impatient = job({ functions: { encrypt: 'fields.linger', decrypt: 'fields.unseal' } }, 500);
    expect(told(impatient, await oneRound(impatient))).toEqual(gone('timeout'));
    const client = new pg.Client({ connectionString: server.adminUrl });
    await client.connect();
    const running = "select 1 from pg_stat_activity where application_name = 'kop-encryption-probe'";
    await expect.poll(async () => (await client.query(running)).rowCount, { timeout: 5000 }).toBe(0);
    await client.end();
  });
});
