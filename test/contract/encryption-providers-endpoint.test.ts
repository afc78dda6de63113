import { createCipheriv, createDecipheriv, randomBytes } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import type { EncryptionProvider } from '../../pack/index.js';
import { literal, probeJob, secret, somePortal } from '../support/encryption/domain.js';
import { json, scriptedServer } from '../support/encryption/http-server.js';
import { type Cipher, encryptingPortal, PASSWORD, portalWith } from '../support/encryption/portal.js';
import { oneRound, sampleCount, verdicts } from '../support/encryption/round.js';

const provider: EncryptionProvider = {
  kind: 'endpoint',
  name: 'portal',
  encryptPath: '/canary/encrypt',
  decryptPath: '/canary/decrypt',
  authenticated: true,
};

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
        'truncated',
        'wrong_aad',
        'replayed_other_row',
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
    expect(result.trouble).toContain('login: status 401');
  });

  test('is never asked at a path that its description forbids', async () => {
    const server = await scriptedServer((_, response) => json(response, 200, {}));
    const portal = somePortal(server.url, { neverProbe: ['/canary/*'] });
    const result = await oneRound(probeJob({ ...provider, authenticated: false }, { portal }));
    expect(result.trouble).toContain('neverProbe');
    expect(server.seen).toEqual([]);
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
    expect(result.trouble).toBe(`encrypt: status ${status}`);
  });

  test.each([
    ['is no JSON', 'hello'],
    ['holds no ciphertext', { other: 1 }],
  ])('whose answer %s', async (_, body) => {
    const server = await scriptedServer((_request, response) => json(response, 200, body));
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

function cipher(algorithm: 'aes-256-ctr' | 'aes-256-cbc' | 'aes-256-gcm', form: keyof typeof forms): Cipher {
  const key = randomBytes(32);
  const { write, read } = forms[form];
  return {
    seal(plaintext, context) {
      const nonce = randomBytes(16);
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
    expect({ failed, absent }).toEqual({ failed: [], absent: [] });
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
    expect(absent).toEqual(['tamper_ciphertext', 'truncated']);
    expect(failed).not.toContain('tamper_ciphertext');
    expect(passed).not.toContain('tamper_ciphertext');
  });
});

function forbidden(): never {
  throw new Error('not what was sealed');
}
