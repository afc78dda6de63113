import { describe, expect, test } from 'vitest';
import { type RoundPlan, runRound } from '../../../../exporters/encryption/probe/round.js';
import { EndpointCipher } from '../../../../exporters/encryption/providers/endpoint.js';
import { Redactor } from '../../../../exporters/runtime/redactor.js';
import { literal, secret, somePortal } from '../../../support/encryption/domain.js';
import { json, scriptedServer } from '../../../support/encryption/http-server.js';
import { timeTravel } from '../../../support/workflow/time.js';

const plan: RoundPlan = {
  sizesBytes: [16],
  samples: 20,
  timeoutMs: 5000,
  slaSeconds: 1,
  budgetMs: 10_000,
  skipVersionTests: true,
};
const LOGIN_MS = 300;

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
  const state = {
    session: 'session-0',
    logins: 0,
    helps: true,
    requests: 0,
    losesAt: 0,
    livesFor: Number.POSITIVE_INFINITY,
    losesAtLonger: false,
    loginMs: 0,
  };
  let used = 0;
  const server = await scriptedServer((request, response) => {
    if (request.path === '/login') {
      state.logins += 1;
      state.session = `session-${state.logins}-of-the-canary`;
      used = 0;
      response.setHeader('set-cookie', `sid=${state.session}; Path=/`);
      setTimeout(() => json(response, 200, {}), state.loginMs);
      return;
    }
    state.requests += 1;
    if (state.requests === state.losesAt || used === state.livesFor) state.session = 'nobody-has-it';
    if (state.losesAtLonger && (JSON.parse(request.body).plaintext ?? '').length > 24) {
      Object.assign(state, { session: 'nobody-has-it', losesAtLonger: false });
    }
    used += 1;
    if (state.helps && request.headers.cookie === `sid=${state.session}`) {
      // Nothing is encrypted: this is about whether it is answered.
      const { plaintext, ciphertext } = JSON.parse(request.body);
      json(response, 200, { ciphertext: plaintext, plaintext: ciphertext });
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
  const provider = new EndpointCipher(description, portal, new Redactor(), signal);
  /** One operation, as a round begins it. */
  const encrypt = async () => {
    await provider.open(signal);
    return provider.encrypt(Buffer.from('canary'), Buffer.from('row 1'), { signal }).then(
      () => 'ok',
      (error: unknown) => String(error),
    );
  };
  const round = () => runRound(provider, plan, new Set(), signal);
  return { state, encrypt, round };
}

describe('the session of a portal that encrypts', () => {
  test.each<[string, Parameters<typeof portalThat>[0]]>([
    ['403', (response) => json(response, 403, {})],
    ['a redirect to the login page', (response) => response.writeHead(302, { location: '/sign-in' }).end()],
    ['a login page', (response) => response.writeHead(200).end('<h1>Please log in</h1>')],
  ])('is renewed within the round after %s, and costs no operation', async (_, refuse) => {
    const { state, round } = await portalThat(refuse);
    // Behind the warm-up, which no count knows of.
    Object.assign(state, { losesAt: 30, loginMs: LOGIN_MS });
    const result = await round();
    expect(state.logins).toBe(2);
    expect(result).toMatchObject({ isUsable: true, failures: [], uncertain: [] });
    const encryptions = result.series.find(({ operation }) => operation === 'encrypt');
    expect(encryptions).toMatchObject({ met: 20, missed: 0 });
    const seconds = result.series.flatMap((one) => (one.operation === 'round_trip' ? one.seconds : []));
    expect(Math.max(...seconds)).toBeLessThan(LOGIN_MS / 1000);
    expect(result.selfTests.get('round_trip')).toMatchObject({ outcome: 'passed' });
  });

  test('is renewed in the middle of the self-tests, too', async () => {
    const { state, round } = await portalThat((response) => json(response, 403, {}));
    // Only the self-tests encrypt longer ones than those that are timed.
    state.losesAtLonger = true;
    const result = await round();
    expect(state.logins).toBe(2);
    expect([...result.selfTests.values()].map(({ why }) => why).join()).not.toContain('403');
  });

  test('that is refused again once it is new is a failure', async () => {
    const { state, round } = await portalThat((response) => json(response, 403, {}));
    state.helps = false;
    const result = await round();
    expect(state.logins).toBe(2);
    expect(result).toMatchObject({ isUsable: false, problem: 'encrypt: status 403' });
    expect(result.failures).toContainEqual({ operation: 'encrypt', reason: 'auth', count: 2 });
  });

  test('that is lost at every request is renewed once a round, and then each loss is a failure', async () => {
    const { state, round } = await portalThat((response) => json(response, 403, {}));
    state.livesFor = 1;
    const result = await round();
    expect(state.logins).toBe(2);
    // How many, depends on how many operations the round spent on warming up.
    const lost = result.failures.find(({ operation, reason }) => operation === 'encrypt' && reason === 'auth');
    expect(lost?.count).toBeGreaterThanOrEqual(2);
    expect(result.failures.filter(({ reason }) => reason !== 'auth')).toEqual([]);
    expect([...result.selfTests.values()].map(({ outcome }) => outcome)).not.toContain('passed');
    await round();
    expect(state.logins).toBe(4);
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
