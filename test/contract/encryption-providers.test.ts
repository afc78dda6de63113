import type { KMSClient } from '@aws-sdk/client-kms';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { readProviderKey } from '../../exporters/encryption/keys/provider-key.js';
import { TransitCipher } from '../../exporters/encryption/providers/transit.js';
import { Redactor } from '../../exporters/runtime/log.js';
import { revealer } from '../../exporters/runtime/portal/auth/credentials.js';
import { type SelfTest, selfTests } from '../../pack/encryption/metrics.js';
import type { EncryptionProvider } from '../../pack/encryption/model.js';
import { type Bao, baoProgram, startBao } from '../support/encryption/bao.js';
import { literal, probeJob, secret } from '../support/encryption/domain.js';
import { isInstalled, type Moto, motoProgram, startMoto } from '../support/encryption/moto.js';
import { startPgcrypto } from '../support/encryption/pgcrypto.js';
import { oneRound, sampleCount, verdicts } from '../support/encryption/round.js';
import { softHsmLibrary, softToken } from '../support/encryption/softhsm.js';
import { ROOT_TOKEN, TransitStandIn } from '../support/encryption/transit-stand-in.js';
import type { BorrowedServer } from '../support/postgres/borrowed.js';

const sizesBytes = [16, 256, 4096, 65_536];
const SAMPLES = 3;

function job(provider: EncryptionProvider) {
  return probeJob(provider, { probe: { sizesBytes, samples: SAMPLES, timeoutMs: 5000, intervalMs: 60_000 } });
}

/** Those of age have tests of their own. */
const inEachRound = selfTests.filter((test) => !test.startsWith('aged_'));
const without = (...absent: SelfTest[]) => inEachRound.filter((one) => !absent.includes(one));
const sorted = (tests: readonly SelfTest[]) => tests.toSorted();

/** What holds of every provider that is in order. */
async function expectSound(provider: EncryptionProvider, tests: readonly SelfTest[]) {
  const result = await oneRound(job(provider));
  expect(result.problem).toBeUndefined();
  expect(result).toMatchObject({ isUsable: true, failures: [] });
  for (const operation of ['encrypt', 'decrypt', 'round_trip']) {
    expect(sampleCount(result, operation)).toBe(SAMPLES * sizesBytes.length);
  }
  const found = verdicts(result);
  expect(found.failed).toEqual([]);
  expect(sorted(found.passed)).toEqual(sorted(tests));
  return result;
}

test('in this process', async () => {
  await expectSound({ kind: 'local', name: 'local' }, inEachRound);
});

describe.skipIf(softHsmLibrary === undefined)('PKCS#11 on SoftHSM2', () => {
  const provider = (over: Partial<Extract<EncryptionProvider, { kind: 'pkcs11' }>> = {}) =>
    ({
      kind: 'pkcs11',
      name: 'hsm',
      library: softHsmLibrary ?? '',
      tokenLabel: 'canaries',
      pin: secret('4711-canary-pin'),
      keyLabel: 'kop-canary',
      createKeys: true,
      ...over,
    }) as const;

  beforeAll(() => {
    softToken('canaries');
  });

  test('passes every test, although a tampered tag is only a general error to it', async () => {
    await expectSound(provider(), inEachRound);
    // The standing key is found again, not made a second time.
    await expectSound(provider({ createKeys: false }), inEachRound);
  });

  test.each([
    ['a token that is not there', { tokenLabel: 'elsewhere' }, 'unavailable', "no slot holds a token 'elsewhere'"],
    ['a key that is not there', { keyLabel: 'none', createKeys: false }, 'protocol', "no AES key 'none'"],
  ] as const)('%s', async (_, over, reason, message) => {
    const result = await oneRound(job(provider(over)));
    expect(result.isUsable).toBe(false);
    expect(result.failures).toContainEqual({ operation: 'encrypt', reason, count: 1 });
    expect(result.problem).toContain(message);
    expect(result.selfTests).toEqual([]);
  });

  test('a library that is not there is a fault of ours', async () => {
    const result = await oneRound(job(provider({ library: '/nowhere.so' })));
    expect(result).toMatchObject({ isUsable: false, fault: 'library', failures: [], selfTests: [] });
    expect(result.problem).toContain('cannot be loaded');
  });
});

describe('functions of a database', () => {
  let server: BorrowedServer;
  beforeAll(async () => {
    server = await startPgcrypto();
  });
  afterAll(() => server.close());

  const provider = (over: Partial<Extract<EncryptionProvider, { kind: 'pgcrypto' }>> = {}) =>
    ({
      kind: 'pgcrypto',
      name: 'database',
      database: { url: secret(server.url), statementTimeoutMs: 5000, maxConnections: 1 },
      passphrase: secret('canary passphrase'),
      options: 'cipher-algo=aes256',
      deterministic: false,
      ...over,
    }) as const;

  const unbound = without(
    'wrong_aad',
    'replayed_other_row',
    'nonce_unique',
    'old_version_decrypts',
    'revoked_version_fails',
  );

  test('pgcrypto binds no context and tells no nonce; what it does promise, it keeps', async () => {
    await expectSound(provider(), unbound);
  });

  test('functions of a schema', async () => {
    const functions = { encrypt: 'fields.seal', decrypt: 'fields.unseal' };
    await expectSound(
      provider({ functions }),
      unbound.filter((one) => one !== 'tamper_tag'),
    );
  });

  test('functions without integrity are found out', async () => {
    const functions = { encrypt: 'fields.seal_loosely', decrypt: 'fields.unseal_loosely' };
    const result = await oneRound(probeJob(provider({ functions }), { probe: { sizesBytes: [16] } }));
    expect(verdicts(result)).toMatchObject({
      passed: expect.arrayContaining(['round_trip']),
      failed: expect.arrayContaining(['tamper_ciphertext', 'wrong_key']),
    });
  });

  test.each([
    [
      'a function that is not there',
      { functions: { encrypt: 'fields.none', decrypt: 'fields.none' } },
      'protocol',
      '42883',
    ],
    ['options that it does not know', { options: 'nonsense=1' }, 'protocol', 'SQLSTATE'],
  ] as const)('%s', async (_, over, reason, message) => {
    const result = await oneRound(job(provider(over)));
    expect(result.isUsable).toBe(false);
    expect(result.failures).toContainEqual({ operation: 'encrypt', reason, count: 1 });
    expect(result.problem).toContain(message);
  });

  test('a wrong password is a matter of access', async () => {
    const url = new URL(server.url);
    url.password = 'wrong';
    const database = { url: secret(url.href), statementTimeoutMs: 5000, maxConnections: 1 };
    const result = await oneRound(job(provider({ database })));
    expect(result.failures).toContainEqual({ operation: 'encrypt', reason: 'auth', count: 1 });
  });
});

describe.each([
  ['its stand-in', true],
  ['a real server', false],
] as const)('transit, against %s', (_, isStandIn) => {
  describe.skipIf(!isStandIn && baoProgram === undefined)('', () => {
    let url: string;
    let token: string;
    let stop: () => Promise<void>;

    beforeAll(async () => {
      if (isStandIn) {
        const server = new TransitStandIn();
        url = await server.start();
        token = ROOT_TOKEN;
        stop = () => server.close();
      } else {
        const server: Bao = await startBao(baoProgram ?? '');
        ({ url, rootToken: token } = server);
        stop = () => server.stop();
      }
      await ask('sys/mounts/transit', { type: 'transit' });
      await ask('transit/keys/kop-canary', {});
      await ask('transit/keys/derived-canary', { derived: true });
      await ask('transit/keys/clients', {});
    });
    afterAll(() => stop());

    const ask = (path: string, body: object) =>
      fetch(`${url}/v1/${path}`, { method: 'POST', headers: { 'x-vault-token': token }, body: JSON.stringify(body) });

    const provider = (over: Partial<Extract<EncryptionProvider, { kind: 'transit' }>> = {}) =>
      ({
        kind: 'transit',
        name: 'vault',
        address: url,
        mount: 'transit',
        key: 'kop-canary',
        token: secret(token),
        renewToken: true,
        ...over,
      }) as const;

    test('passes every test, and the version and the age of its key can be read', async () => {
      await expectSound(provider(), inEachRound);
      const signal = AbortSignal.timeout(5000);
      const { latest, rotatedAtSeconds = 0 } = await readProviderKey(provider(), 'kop-canary', new Redactor(), signal);
      expect(latest).toBe('2');
      expect(Math.abs(rotatedAtSeconds - Date.now() / 1000)).toBeLessThan(60);
    });

    test('rewraps under the newest version what is bound to no place, and nothing else', async () => {
      const signal = AbortSignal.timeout(5000);
      await ask('transit/keys/rewrapped-canary', {});
      await ask('transit/keys/rewrapped-canary/rotate', {});
      const transit = new TransitCipher(provider({ key: 'rewrapped-canary' }), revealer(new Redactor()));
      await transit.open(signal);
      const nowhere = Buffer.alloc(0);
      const plaintext = Buffer.from('a canary');
      const old = await transit.encrypt(plaintext, nowhere, { signal, keyVersion: '1' });
      const fresh = await transit.rewrap(old, { signal });
      expect([old.slice(0, 9), fresh.slice(0, 9)]).toEqual(['vault:v1:', 'vault:v2:']);
      expect(await transit.decrypt(fresh, nowhere, { signal })).toEqual(plaintext);
      const bound = await transit.encrypt(plaintext, Buffer.from('row-1'), { signal, keyVersion: '1' });
      await expect(transit.rewrap(bound, { signal })).rejects.toMatchObject({ reason: 'integrity' });
      await transit.close();
    });

    test('a derived key takes the place as its context too', async () => {
      await expectSound(provider({ key: 'derived-canary' }), inEachRound);
    });

    test('the versions of a key that is no canary are left alone', async () => {
      const result = await oneRound(job(provider({ key: 'clients' })));
      const { failed, absent } = verdicts(result);
      expect(failed).toEqual([]);
      expect(sorted(absent)).toEqual(['old_version_decrypts', 'revoked_version_fails', 'wrong_key']);
    });

    test.each([
      ['a key that is not there', { key: 'canary-none' }, 'protocol', '404'],
      ['a mount that is not there', { mount: 'elsewhere' }, 'protocol', '404'],
      ['a namespace that is not there', { namespace: 'elsewhere' }, 'protocol', '404'],
      ['a token that it does not know', { token: literal('s.unknown') }, 'auth', 'permission denied'],
    ] as const)('%s', async (_what, over, reason, message) => {
      const result = await oneRound(job(provider(over)));
      expect(result.isUsable).toBe(false);
      expect(result.failures).toContainEqual({ operation: 'encrypt', reason, count: 1 });
      expect(result.problem).toContain(message);
    });
  });
});

const hasKms = motoProgram !== undefined && isInstalled('@aws-sdk/client-kms');

describe.skipIf(!hasKms)('AWS KMS, against an emulator', () => {
  let moto: Moto;
  let client: KMSClient;
  let keyId: string;

  beforeAll(async () => {
    moto = await startMoto(motoProgram ?? '');
    const { CreateKeyCommand, KMSClient } = await import('@aws-sdk/client-kms');
    client = new KMSClient({
      region: 'eu-west-2',
      endpoint: moto.url,
      credentials: { accessKeyId: 'test', secretAccessKey: 'test' },
    });
    keyId = (await client.send(new CreateKeyCommand({}))).KeyMetadata?.KeyId ?? '';
  });
  afterAll(async () => {
    client?.destroy();
    await moto?.stop();
  });

  const provider = (over: Partial<Extract<EncryptionProvider, { kind: 'kms' }>> = {}) =>
    ({
      kind: 'kms',
      name: 'kms',
      region: 'eu-west-2',
      endpoint: moto.url,
      keyId,
      accessKeyId: secret('AKIACANARY'),
      secretAccessKey: secret('canary secret key'),
      dataKeyLifetimeMs: 60_000,
      dataKeyMaxUses: 1000,
      ...over,
    }) as const;

  test('an envelope passes every test but that of a revoked version', async () => {
    const result = await expectSound(provider(), without('revoked_version_fails'));
    for (const operation of ['encrypt', 'decrypt', 'data_key']) {
      expect(sampleCount(result, operation, 'cold')).toBeGreaterThanOrEqual(3);
    }
  });

  test('a data key that has had its uses is replaced, and that call counts as cold', async () => {
    const result = await oneRound(job(provider({ dataKeyMaxUses: 2 })));
    expect(result.isUsable).toBe(true);
    expect(sampleCount(result, 'encrypt', 'cold')).toBeGreaterThan(4 + 3 * sizesBytes.length - 1);
    // The emulator answers in 50 ms on an idle machine, and is asked a hundred times.
  }, 60_000);

  test('a key that is not there is a matter of configuration', async () => {
    const result = await oneRound(job(provider({ keyId: '00000000-0000-0000-0000-000000000000' })));
    expect(result.failures).toContainEqual({ operation: 'encrypt', reason: 'protocol', count: 1 });
  });
});
