import { describe, expect, test } from 'vitest';
import type { EncryptionProvider } from '../../pack/index.js';
import { literal, probeJob, secret, somePortal } from '../support/encryption/domain.js';
import { json, scriptedServer } from '../support/encryption/http-server.js';
import { encryptingPortal, PASSWORD } from '../support/encryption/portal.js';
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
