import { describe, expect, test } from 'vitest';
import { EndpointProvider } from '../../../../exporters/encryption/providers/endpoint.js';
import { Redactor } from '../../../../exporters/runtime/redactor.js';
import { literal, secret, somePortal } from '../../../support/encryption/domain.js';
import { json, scriptedServer } from '../../../support/encryption/http-server.js';
import { timeTravel } from '../../../support/workflow/time.js';

const { signal } = new AbortController();
const description = {
  kind: 'endpoint',
  name: 'portal',
  encryptPath: '/canary/encrypt',
  decryptPath: '/canary/decrypt',
  authenticated: true,
  binds: 'context',
  deterministic: false,
} as const;

/** @param refuse answers whoever has no session, or whose session does not help. */
async function portalThat(refuse: (response: Parameters<Parameters<typeof scriptedServer>[0]>[1]) => void) {
  const state = { session: 'session-0', logins: 0, helps: true };
  const server = await scriptedServer((request, response) => {
    if (request.path === '/login') {
      state.logins += 1;
      state.session = `session-${state.logins}-of-the-canary`;
      response.setHeader('set-cookie', `sid=${state.session}; Path=/`);
      json(response, 200, {});
    } else if (state.helps && request.headers.cookie === `sid=${state.session}`) {
      json(response, 200, { ciphertext: 'c2VhbGVk' });
    } else refuse(response);
  });
  const portal = somePortal(server.url, {
    auth: {
      kind: 'login',
      path: '/login',
      method: 'POST',
      encoding: 'json',
      fields: { user: literal('canary'), password: secret('password-of-the-canary') },
      expectStatus: 200,
      lifetimeMs: 3_600_000,
      timeoutMs: 10_000,
      expiredWhen: { status: [], redirectsTo: ['/sign-in'], bodyMatches: ['Please log in'] },
    },
  });
  const provider = new EndpointProvider(description, portal, new Redactor(), signal);
  /** One operation, as a round begins it. */
  const encrypt = async () => {
    await provider.open(signal);
    return provider.encrypt(Buffer.from('canary'), Buffer.from('row 1'), { signal }).then(
      () => 'ok',
      (error: unknown) => String(error),
    );
  };
  return { state, encrypt };
}

describe('the session of a portal that encrypts', () => {
  test.each<[string, Parameters<typeof portalThat>[0]]>([
    ['403', (response) => json(response, 403, {})],
    ['a redirect to the login page', (response) => response.writeHead(302, { location: '/sign-in' }).end()],
    ['a login page', (response) => response.writeHead(200).end('<h1>Please log in</h1>')],
  ])('is renewed in the next round after %s', async (_, refuse) => {
    const { state, encrypt } = await portalThat(refuse);
    expect(await encrypt()).toBe('ok');
    state.session = 'nobody-has-it';
    expect(await encrypt()).not.toBe('ok');
    expect(await encrypt()).toBe('ok');
    expect(state.logins).toBe(2);
  });

  test('that never helps does not make us log in each round', async () => {
    const travel = timeTravel();
    const { state, encrypt } = await portalThat((response) => json(response, 403, {}));
    await encrypt();
    state.helps = false;
    for (let round = 0; round < 6; round += 1) expect(await encrypt()).not.toBe('ok');
    expect(state.logins).toBe(2);
    travel(31_000);
    for (let round = 0; round < 3; round += 1) await encrypt();
    expect(state.logins).toBe(3);
  });
});
