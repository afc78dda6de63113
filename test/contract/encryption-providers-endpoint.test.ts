import { createCipheriv, createDecipheriv, createHmac, randomBytes } from 'node:crypto';
import { describe, expect, onTestFinished, test, vi } from 'vitest';
import type { EncryptionProvider } from '../../pack/encryption/model.js';
import { type Portal, SecretText } from '../../pack/index.js';
import { literal, probeJob, secret, somePortal } from '../support/encryption/domain.js';
import { metricsOf, total } from '../support/encryption/exporter.js';
import { json, scriptedServer } from '../support/encryption/http-server.js';
import { type Cipher, encryptingPortal, PASSWORD, portalWith } from '../support/encryption/portal.js';
import { oneRound, sampleCount, verdicts } from '../support/encryption/round.js';

const provider: EncryptionProvider = {
  kind: 'endpoint',
  name: 'portal',
  encryptPath: '/canary/encrypt',
  decryptPath: '/canary/decrypt',
  authenticated: true,
  binds: 'context',
  deterministic: false,
};

const plain = somePortal('http://127.0.0.1:1');

function login(url: string, password = secret(PASSWORD)) {
  return somePortal(url, {
    auth: {
      kind: 'login',
      path: '/login',
      method: 'POST',
      encoding: 'json',
      fields: { email: literal('canary@example.test'), password },
      expectStatus: 200,
      lifetimeMs: 3_600_000,
      timeoutMs: 2000,
    },
  });
}

describe('the portal itself', () => {
  test('encrypts and decrypts canaries in the form it stores, and is logged in to once', async () => {
    const server = await encryptingPortal();
    const result = await oneRound(probeJob(provider, { portal: login(server.url) }));
    expect(result).toMatchObject({ isUsable: true, failures: [] });
    expect(server.state.logins).toBe(1);
    expect(sampleCount(result, 'encrypt')).toBe(10);
    expect(verdicts(result)).toEqual({
      passed: [
        'round_trip',
        'tamper_ciphertext',
        'tamper_tag',
        'wrong_aad',
        'truncated',
        'replayed_other_row',
        'plaintext_hidden',
        'ciphertexts_unrelated',
        'nonce_unique',
      ],
      failed: [],
      absent: [],
    });
  });

  test('is sent the headers of its description, filled', async () => {
    const server = await scriptedServer((_, response) => json(response, 200, {}));
    const headers = { 'X-Tenant': literal('{tenant}'), 'X-Gateway-Key': secret('key-of-the-gateway') };
    const portal = somePortal(server.url, { headers, variables: { tenant: 'wealth' } });
    await oneRound(probeJob({ ...provider, authenticated: false }, { portal }));
    expect(server.seen[0]?.headers).toMatchObject({ 'x-tenant': 'wealth', 'x-gateway-key': 'key-of-the-gateway' });
  });

  test('that lost its key breaks the integrity, and is there all the same', async () => {
    const server = await encryptingPortal({ loses: true });
    const result = await oneRound(probeJob(provider, { portal: login(server.url) }));
    expect(result.isUsable).toBe(true);
    expect(new Set(result.failures.map(({ reason }) => reason))).toEqual(new Set(['integrity']));
    expect(verdicts(result).failed).toEqual(['round_trip']);
  });

  test('that does not let us in', async () => {
    const server = await encryptingPortal();
    const result = await oneRound(probeJob(provider, { portal: login(server.url, secret('wrong password')) }));
    expect(result.isUsable).toBe(false);
    expect(result.failures).toContainEqual({ operation: 'encrypt', reason: 'auth', count: 1 });
    expect(result.problem).toContain('login: status 401');
  });

  test('is never asked at a path that its description forbids', async () => {
    const server = await scriptedServer((_, response) => json(response, 200, {}));
    const portal = somePortal(server.url, { neverProbe: ['/canary/*'] });
    const result = await oneRound(probeJob({ ...provider, authenticated: false }, { portal }));
    expect(result.problem).toContain('neverProbe');
    expect(result).toMatchObject({ fault: 'internal', failures: [] });
    expect(server.seen).toEqual([]);
  });

  test.each<[string, string, (url: string) => Portal]>([
    [
      'a password whose file vanished',
      'secret',
      (url) => login(url, new SecretText([{ kind: 'file', path: '/nowhere/password' }])),
    ],
    [
      'a client certificate that is not there',
      'client-certificate',
      (url) => somePortal(url.replace('http:', 'https:'), { tls: { ...plain.tls, certFile: '/nowhere.pem' } }),
    ],
    [
      'a proxy that is gone',
      'proxy',
      (url) => somePortal(url, { network: { ...plain.network, proxy: 'environment' } }),
    ],
  ])('%s is a fault of ours: neither met nor failed', async (_, reason, portalAt) => {
    const server = await scriptedServer((_request, response) => json(response, 200, {}));
    for (const name of ['no_proxy', 'NO_PROXY']) vi.stubEnv(name, '');
    vi.stubEnv('http_proxy', 'http://127.0.0.1:1');
    onTestFinished(() => void vi.unstubAllEnvs());
    const job = probeJob({ ...provider, authenticated: reason === 'secret' }, { portal: portalAt(server.url) });
    const result = await oneRound(job);
    expect(result).toMatchObject({ isUsable: false, fault: reason, failures: [], pauseMs: 0 });
    expect(result.uncertain).toContainEqual({ operation: 'encrypt', reason, count: 1 });
    expect(total(metricsOf(job, result), 'field_encryption_provider_up')).toBeUndefined();
  });

  test.each([
    [401, 'auth'],
    [403, 'auth'],
    [404, 'protocol'],
    [429, 'throttled'],
    [500, 'unavailable'],
    [503, 'unavailable'],
  ] as const)('that answers %i', async (status, reason) => {
    const server = await scriptedServer((_, response) => json(response, status, { detail: 'no' }));
    const result = await oneRound(probeJob({ ...provider, authenticated: false }, { portal: somePortal(server.url) }));
    expect(result.failures).toContainEqual({ operation: 'encrypt', reason, count: 1 });
    expect(result.problem).toBe(`encrypt: status ${status}`);
  });

  test.each([
    ['is no JSON', 'hello'],
    ['holds no ciphertext', '{"other":1}'],
    ['is nested without end', `{"ciphertext":{"nonce":${'['.repeat(20_000)}${']'.repeat(20_000)}}}`],
  ])('whose answer %s', async (_, text) => {
    const server = await scriptedServer((_request, response) => void response.writeHead(200).end(text));
    const result = await oneRound(probeJob({ ...provider, authenticated: false }, { portal: somePortal(server.url) }));
    expect(result.failures).toContainEqual({ operation: 'encrypt', reason: 'protocol', count: 1 });
  });
});

/** How a portal might write its bytes down; a text that is not of the form is refused, as a portal does. */
const forms = {
  document: {
    write: (nonce: Buffer, data: Buffer, algorithm: string) => ({
      algorithm,
      ciphertext: data.toString('base64'),
      nonce: nonce.toString('base64'),
      key_version: '7',
    }),
    read: (sealed: unknown) => {
      const field = (name: string) => strictly(Object(sealed)[name], 'base64');
      return [field('nonce'), field('ciphertext')] as const;
    },
  },
  'prefix and Base64': {
    write: (nonce: Buffer, data: Buffer) => `enc:v1:${Buffer.concat([nonce, data]).toString('base64')}`,
    read: (sealed: unknown) => {
      const bytes = strictly(/^enc:v1:(.+)$/.exec(String(sealed))?.[1], 'base64');
      return [bytes.subarray(0, 16), bytes.subarray(16)] as const;
    },
  },
  'bytea in hex': {
    write: (nonce: Buffer, data: Buffer) => `\\x${Buffer.concat([nonce, data]).toString('hex')}`,
    read: (sealed: unknown) => {
      const bytes = strictly(/^\\x([0-9a-f]+)$/.exec(String(sealed))?.[1], 'hex');
      return [bytes.subarray(0, 16), bytes.subarray(16)] as const;
    },
  },
} as const;

function strictly(text: unknown, encoding: 'base64' | 'hex'): Buffer {
  const bytes = Buffer.from(String(text), encoding);
  if (bytes.toString(encoding) !== text) throw new Error('nonsense');
  return bytes;
}

function cipher(
  algorithm: 'aes-256-ctr' | 'aes-256-cbc' | 'aes-256-gcm',
  form: keyof typeof forms,
  nonceOf: (plaintext: Buffer) => Buffer = () => randomBytes(16),
): Cipher {
  const key = randomBytes(32);
  const { write, read } = forms[form];
  return {
    seal(plaintext, context) {
      const nonce = nonceOf(plaintext);
      if (algorithm !== 'aes-256-gcm') {
        const made = createCipheriv(algorithm, key, nonce);
        return write(nonce, Buffer.concat([made.update(plaintext), made.final()]), algorithm);
      }
      const made = createCipheriv(algorithm, key, nonce);
      made.setAAD(context);
      return write(nonce, Buffer.concat([made.update(plaintext), made.final(), made.getAuthTag()]), algorithm);
    },
    open(sealed, context) {
      const [nonce, data] = read(sealed);
      if (algorithm !== 'aes-256-gcm') {
        const made = createDecipheriv(algorithm, key, nonce);
        return Buffer.concat([made.update(data), made.final()]);
      }
      const made = createDecipheriv(algorithm, key, nonce, { authTagLength: 16 });
      made.setAAD(context);
      made.setAuthTag(data.subarray(-16));
      return Buffer.concat([made.update(data.subarray(0, -16)), made.final()]);
    },
  };
}

describe('a form of the portal itself', () => {
  const open: EncryptionProvider = { ...provider, authenticated: false };
  const found = async (its: Cipher) => {
    const { url } = await portalWith(its);
    return verdicts(await oneRound(probeJob(open, { portal: somePortal(url), probe: { samples: 1 } })));
  };

  test.each(['document', 'prefix and Base64', 'bytea in hex'] as const)('%s: with authentication', async (form) => {
    const { passed, failed, absent } = await found(cipher('aes-256-gcm', form));
    expect({ failed, absent }).toEqual({ failed: [], absent: form === 'document' ? [] : ['nonce_unique'] });
    expect(passed).toEqual(expect.arrayContaining(['round_trip', 'tamper_ciphertext', 'truncated', 'wrong_aad']));
  });

  test.each(['document', 'prefix and Base64', 'bytea in hex'] as const)('%s: without any, it is told', async (form) => {
    const ctr = await found(cipher('aes-256-ctr', form));
    expect(ctr.failed).toEqual(expect.arrayContaining(['tamper_ciphertext', 'truncated', 'wrong_aad']));
    // Its padding refuses most changes near the end, and every length that is no multiple of a block.
    const cbc = await found(cipher('aes-256-cbc', form));
    expect(cbc.failed).toEqual(expect.arrayContaining(['tamper_ciphertext', 'wrong_aad']));
  });

  test.each([
    ['a document without a ciphertext', (text: string) => ({ blob: text })],
    ['a text without Base64', (text: string) => [...text].map((one) => one.codePointAt(0)?.toString(36)).join(' ')],
  ])('%s, which nobody can take apart, proves nothing', async (_, write) => {
    const sealedBy = new Map<string, Buffer>();
    const { passed, failed, absent } = await found({
      seal(plaintext) {
        const sealed = write(randomBytes(32).toString('base64'));
        sealedBy.set(JSON.stringify(sealed), plaintext);
        return sealed;
      },
      open: (sealed) => Buffer.from(sealedBy.get(JSON.stringify(sealed)) ?? forbidden()),
    });
    expect(absent).toEqual(['tamper_ciphertext', 'truncated', 'nonce_unique']);
    expect(failed).not.toContain('tamper_ciphertext');
    expect(passed).not.toContain('tamper_ciphertext');
  });
});

describe('a portal whose scheme is broken', () => {
  const open: EncryptionProvider = { ...provider, authenticated: false };
  const found = async (its: Cipher, over: Partial<Extract<EncryptionProvider, { kind: 'endpoint' }>> = {}) => {
    const { url } = await portalWith(its);
    return oneRound(probeJob({ ...open, ...over }, { portal: somePortal(url), probe: { samples: 1 } }));
  };

  test('that signs and does not encrypt is found out', async () => {
    const result = await found(signer());
    const { failed, passed } = verdicts(result);
    expect(failed).toEqual(['plaintext_hidden', 'ciphertexts_unrelated']);
    // All that the signature is good for, it is good for.
    expect(passed).toEqual(expect.arrayContaining(['round_trip', 'tamper_ciphertext', 'truncated', 'wrong_aad']));
    const [, why] = result.selfTests.find(([test]) => test === 'plaintext_hidden') ?? [];
    expect(why?.why).toContain('stands in the ciphertext (base64');
  });

  test.each(Object.keys(forms) as (keyof typeof forms)[])('with a fixed IV is found out: %s', async (form) => {
    const nonce = randomBytes(16);
    const { failed } = verdicts(await found(cipher('aes-256-gcm', form, () => nonce)));
    expect(failed).toContain('ciphertexts_unrelated');
    // Whoever declares it deterministic is told all the same that a keystream is used twice.
    const declared = verdicts(
      await found(
        cipher('aes-256-gcm', form, () => nonce),
        { deterministic: true },
      ),
    );
    expect(declared.failed).toEqual(['ciphertexts_unrelated']);
    expect(declared.absent).toContain('nonce_unique');
  });

  test('that is deterministic by design fails unless it says so', async () => {
    const secretKey = randomBytes(32);
    const nonceOf = (plaintext: Buffer) => createHmac('sha256', secretKey).update(plaintext).digest().subarray(0, 16);
    const siv = cipher('aes-256-gcm', 'prefix and Base64', nonceOf);
    expect(verdicts(await found(siv)).failed).toEqual(['ciphertexts_unrelated']);
    expect(verdicts(await found(siv, { deterministic: true })).failed).toEqual([]);
  });
});

describe('a portal with JWE', () => {
  const open: EncryptionProvider = { ...provider, authenticated: false };
  const found = async (its: Cipher) => {
    const { url } = await portalWith(its);
    return verdicts(await oneRound(probeJob(open, { portal: somePortal(url), probe: { samples: 1 } })));
  };

  test('of a long header passes every test', async () => {
    const { failed, absent, passed } = await found(jwe({}));
    expect({ failed, absent }).toEqual({ failed: [], absent: [] });
    expect(passed).toContain('nonce_unique');
  });

  test.each<[string, Parameters<typeof jwe>[0], readonly string[]]>([
    ['with a fixed IV', { iv: () => Buffer.alloc(12, 7) }, ['ciphertexts_unrelated', 'nonce_unique']],
    ['whose tag nobody looks at', { checks: false }, ['tamper_ciphertext', 'tamper_tag', 'truncated', 'wrong_aad']],
  ])('%s is found out behind it', async (_, broken, expected) => {
    expect((await found(jwe(broken))).failed).toEqual(expect.arrayContaining([...expected]));
  });
});

describe('a portal whose text nobody knows the form of', () => {
  const open: EncryptionProvider = { ...provider, authenticated: false };
  const found = async (its: Cipher) => {
    const { url } = await portalWith(its);
    return verdicts(await oneRound(probeJob(open, { portal: somePortal(url), probe: { samples: 1 } })));
  };

  test('with a label that is longer than the ciphertext is told by what is not the label', async () => {
    const label = 'key-of-product-owners-and-of-their-dependants-in-the-united-kingdom-and-elsewhere-'.repeat(2);
    const labelled = (its: Cipher): Cipher => ({
      seal: (plaintext, context) => `${label}:${String(its.seal(plaintext, context)).slice(7)}`,
      open: (sealed, context) => its.open(`enc:v1:${String(sealed).slice(label.length + 1)}`, context),
    });
    expect((await found(labelled(cipher('aes-256-ctr', 'prefix and Base64')))).failed).toContain('tamper_ciphertext');
    const { passed, failed } = await found(labelled(cipher('aes-256-gcm', 'prefix and Base64')));
    expect(passed).toContain('tamper_ciphertext');
    expect(failed).not.toContain('tamper_ciphertext');
  });

  test.each(['one text', 'a document'] as const)(
    'in %s, with a MAC that leaves out the IV, is found out',
    async (form) => {
      expect((await found(ivless(form))).failed).toEqual(['tamper_ciphertext', 'wrong_aad', 'replayed_other_row']);
    },
  );
});

describe('a portal with Fernet, which has no place for associated data', () => {
  const open: EncryptionProvider = { ...provider, authenticated: false };

  test('made as the specification makes it', () => {
    const { iv, now, secret: key, src, token } = fernetVector;
    expect(fernet(Buffer.from(key, 'base64url'), () => ({ iv: Buffer.from(iv), now })).seal(Buffer.from(src))).toBe(
      token,
    );
  });

  test('fails wrong_aad as long as it is said to bind a context, and not when it says that it binds nothing', async () => {
    const { url } = await portalWith(fernet(randomBytes(32)));
    const job = (binds: 'context' | 'nothing') =>
      probeJob({ ...open, binds }, { portal: somePortal(url), probe: { samples: 1 } });
    expect(verdicts(await oneRound(job('context'))).failed).toEqual(['wrong_aad', 'replayed_other_row']);
    const result = await oneRound(job('nothing'));
    const { passed, failed, absent } = verdicts(result);
    expect(failed).toEqual([]);
    expect(passed).toEqual(
      expect.arrayContaining(['tamper_ciphertext', 'truncated', 'plaintext_hidden', 'ciphertexts_unrelated']),
    );
    expect(absent).toEqual(['wrong_aad', 'replayed_other_row', 'nonce_unique']);
    const why = result.selfTests.find(([test]) => test === 'wrong_aad')?.[1].why;
    expect(why).toContain('moved to another row opens there');
    const stated = metricsOf(job('nothing'), result);
    expect(total(stated, 'field_encryption_provider_binds_context')).toBe(0);
    expect(total(stated, 'field_encryption_self_test_success', { test: 'wrong_aad' })).toBeUndefined();
  });
});

describe('a portal that fails now and then', () => {
  const open: EncryptionProvider = { ...provider, authenticated: false };

  test('one 500 in a hundred operations is one failure, and neither an outage nor a failed test', async () => {
    const its = cipher('aes-256-gcm', 'document');
    let calls = 0;
    const portal = await portalWith(its, () => {
      calls += 1;
      return calls % 100 === 50 ? 500 : undefined;
    });
    const job = probeJob(open, { portal: somePortal(portal.url), probe: { samples: 40, intervalMs: 60_000 } });
    const result = await oneRound(job);
    const page = metricsOf(job, result);
    expect(calls).toBeGreaterThan(200);
    expect(total(page, 'field_encryption_provider_up')).toBe(1);
    const failed =
      total(page, 'field_encryption_operations_total', { outcome: 'failed', operation: 'round_trip' }) ?? 0;
    expect(failed).toBeGreaterThanOrEqual(1);
    expect(failed).toBeLessThanOrEqual(2);
    expect(verdicts(result)).toMatchObject({ failed: [], absent: [] });
  });

  test('a 500 for a ciphertext that it must refuse refuses nothing, and the test says which status to answer', async () => {
    const its = cipher('aes-256-gcm', 'document');
    const { url } = await portalWith(its, undefined, 500);
    const result = await oneRound(probeJob(open, { portal: somePortal(url), probe: { samples: 1 } }));
    const { passed, failed, absent } = verdicts(result);
    expect(failed).toEqual([]);
    expect(passed).toContain('round_trip');
    expect(absent).toEqual(expect.arrayContaining(['tamper_ciphertext', 'tamper_tag', 'truncated', 'wrong_aad']));
    const why = result.selfTests.find(([test]) => test === 'tamper_ciphertext')?.[1].why;
    expect(why).toBe(
      'a refusal cannot be distinguished from an outage: decrypt: status 500 (a refused ciphertext must be answered with 400, 409 or 422)',
    );
  });
});

/** AES-256-GCM, directly with a key that both sides have. The header is so long that it looks like the ciphertext. */
function jwe({ iv = () => randomBytes(12), checks = true }: { iv?: () => Buffer; checks?: boolean }): Cipher {
  const key = randomBytes(32);
  const text = { alg: 'dir', enc: 'A256GCM', kid: '7', 'https://portal.example.test/field': 'x'.repeat(200) };
  const header = Buffer.from(JSON.stringify(text)).toString('base64url');
  const bound = (head: string, context: Buffer) => Buffer.concat([Buffer.from(head), context]);
  return {
    seal(plaintext, context) {
      const nonce = iv();
      const made = createCipheriv('aes-256-gcm', key, nonce);
      made.setAAD(bound(header, context));
      const body = Buffer.concat([made.update(plaintext), made.final()]);
      return [header, '', ...[nonce, body, made.getAuthTag()].map((part) => part.toString('base64url'))].join('.');
    },
    open(sealed, context) {
      const [head = '', , ...rest] = String(sealed).split('.');
      const [nonce, body, tag] = rest.map((part) => Buffer.from(part, 'base64url'));
      const made = createDecipheriv('aes-256-gcm', key, nonce ?? forbidden(), { authTagLength: 16 });
      made.setAAD(bound(head, context));
      const plaintext = made.update(body ?? forbidden());
      if (!checks) return plaintext;
      made.setAuthTag(tag ?? forbidden());
      made.final();
      return plaintext;
    },
  };
}

/** CTR with HMAC of the ciphertext alone: whoever changes the IV changes the plaintext. */
function ivless(form: 'one text' | 'a document'): Cipher {
  const [key, macKey] = [randomBytes(32), randomBytes(32)];
  const mac = (bytes: Buffer) => createHmac('sha256', macKey).update(bytes).digest();
  return {
    seal(plaintext) {
      const iv = randomBytes(16);
      const made = createCipheriv('aes-256-ctr', key, iv);
      const body = Buffer.concat([made.update(plaintext), made.final()]);
      if (form === 'one text') return Buffer.concat([iv, body, mac(body)]).toString('base64');
      const [ciphertext, nonce, hmac] = [body, iv, mac(body)].map((part) => part.toString('base64'));
      return { ciphertext, iv: nonce, hmac };
    },
    open(sealed) {
      const whole = form === 'one text' ? strictly(sealed, 'base64') : undefined;
      const of = (name: string) => strictly(Object(sealed)[name], 'base64');
      const iv = whole?.subarray(0, 16) ?? of('iv');
      const body = whole?.subarray(16, -32) ?? of('ciphertext');
      if (!mac(body).equals(whole?.subarray(-32) ?? of('hmac'))) throw new Error('forged');
      const made = createDecipheriv('aes-256-ctr', key, iv);
      return Buffer.concat([made.update(body), made.final()]);
    },
  };
}

/** Context, plaintext, and a hash of both: signed, and read by whoever decodes it. */
function signer(): Cipher {
  const key = randomBytes(32);
  const hash = (context: Buffer, plaintext: Buffer) =>
    createHmac('sha256', key).update(context).update('|').update(plaintext).digest();
  return {
    seal: (plaintext, context) =>
      Buffer.concat([context, Buffer.from('|'), plaintext, hash(context, plaintext)]).toString('base64'),
    open(sealed, context) {
      const bytes = strictly(sealed, 'base64');
      const signed = bytes.subarray(0, -32);
      const plaintext = signed.subarray(context.length + 1);
      const isOwn = signed.equals(Buffer.concat([context, Buffer.from('|'), plaintext]));
      if (!isOwn || !hash(context, plaintext).equals(bytes.subarray(-32))) throw new Error('forged');
      return plaintext;
    },
  };
}

/** `generate.json` of github.com/fernet/spec. */
const fernetVector = {
  token: 'gAAAAAAdwJ6wAAECAwQFBgcICQoLDA0ODy021cpGVWKZ_eEwCGM4BLLF_5CV9dOPmrhuVUPgJobwOz7JcbmrR64jVmpU4IwqDA==',
  now: 499_162_800,
  iv: [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15],
  src: 'hello',
  secret: 'cw_0x689RpI-jtRR7oE8h_eQsKImvJapLeSbXpwF4e4=',
};

function fernet(
  key: Buffer,
  chance = () => ({ iv: randomBytes(16), now: Math.floor(Date.now() / 1000) }),
): { seal(plaintext: Buffer): string; open(sealed: unknown): Buffer } {
  const hmac = (bytes: Buffer) => createHmac('sha256', key.subarray(0, 16)).update(bytes).digest();
  const base64url = (bytes: Buffer) => {
    const text = bytes.toString('base64url');
    return text.padEnd(Math.ceil(text.length / 4) * 4, '=');
  };
  return {
    seal(plaintext) {
      const { iv, now } = chance();
      const head = Buffer.alloc(9, 0x80);
      head.writeBigUInt64BE(BigInt(now), 1);
      const made = createCipheriv('aes-128-cbc', key.subarray(16), iv);
      const body = Buffer.concat([head, iv, made.update(plaintext), made.final()]);
      return base64url(Buffer.concat([body, hmac(body)]));
    },
    open(sealed) {
      const bytes = Buffer.from(String(sealed), 'base64url');
      const body = bytes.subarray(0, -32);
      if (base64url(bytes) !== sealed || !hmac(body).equals(bytes.subarray(-32))) throw new Error('forged');
      const made = createDecipheriv('aes-128-cbc', key.subarray(16), body.subarray(9, 25));
      return Buffer.concat([made.update(body.subarray(25)), made.final()]);
    },
  };
}

function forbidden(): never {
  throw new Error('not what was sealed');
}
