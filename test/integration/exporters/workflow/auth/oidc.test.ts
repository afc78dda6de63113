import { describe, expect, test } from 'vitest';
import type { OidcAuth } from '../../../../../pack/index.js';
import { job, literal, secret, step } from '../../../../support/workflow/domain.js';
import { runOnce, TestEngine, verdictOf } from '../../../../support/workflow/engine.js';
import { type IdentityProviderOptions, identityProvider } from '../../../../support/workflow/identity-provider.js';
import { httpServer, json } from '../../../../support/workflow/server.js';
import { timeTravel } from '../../../../support/workflow/time.js';

const redirectUri = 'https://portal.test/callback';
const PASSWORD = 'correct-horse-battery';

/** A portal that asks the provider about each token, and a workflow that logs in there. */
async function portalWith(over: Partial<OidcAuth> = {}, options: Partial<IdentityProviderOptions> = {}) {
  const provider = await identityProvider({ redirectUri, ...options });
  const sent: string[] = [];
  const server = await httpServer((request, response) => {
    const token = request.headers.authorization?.replace('Bearer ', '') ?? '';
    sent.push(token);
    provider.accepts(token).then(
      (accepted) => json(response, {}, accepted ? 200 : 401),
      () => json(response, {}, 500),
    );
  });
  const auth: OidcAuth = {
    kind: 'oidc',
    issuer: provider.issuer,
    clientId: literal('portal-spa'),
    clientAuthentication: 'basic',
    redirectUri,
    scope: 'openid',
    parameters: {},
    forms: [{ fields: { login: literal('probe'), password: secret(PASSWORD) } }, { fields: {} }],
    logout: false,
    timeoutMs: 20_000,
    ...over,
  };
  const visit = job(server.url, {
    portal: { auth },
    workflow: {
      authenticated: true,
      steps: [step({ path: '/api/me' })],
      slaSeconds: 60,
      schedule: { timeoutMs: 90_000 },
    },
  });
  return { provider, server, visit, sent };
}

describe('OpenID Connect, authorization code with PKCE', () => {
  test('fills the forms of the provider, trades the code, and sends the token', async () => {
    const { provider, visit, sent } = await portalWith();
    const result = await runOnce(visit);
    expect(verdictOf(result)).toBe('ok');
    expect(result.logins).toMatchObject([{ action: 'login', outcome: 'success', identity: 'default' }]);
    expect(provider.requests.slice(0, 8)).toEqual([
      'GET /.well-known/openid-configuration',
      'GET /auth',
      'GET /interaction/…',
      'POST /interaction/…',
      'GET /auth/…',
      'GET /interaction/…',
      'POST /interaction/…',
      'GET /auth/…',
    ]);
    // The redirect address is not visited: nobody answers there.
    expect(provider.requests.slice(8)).toEqual(['POST /token', 'GET /me']);
    const shown = JSON.stringify(result);
    for (const hidden of [PASSWORD, sent[0] ?? PASSWORD]) expect(shown).not.toContain(hidden);
  });

  test('a token that the provider took back is renewed once', async () => {
    const { provider, visit, sent } = await portalWith();
    const engine = new TestEngine([visit]);
    await engine.run(visit);
    await fetch(`${provider.issuer}/token/revocation`, {
      method: 'POST',
      body: new URLSearchParams({ client_id: 'portal-spa', token: sent[0] ?? '' }),
    });
    const result = await engine.run(visit);
    expect(verdictOf(result)).toBe('ok');
    expect(result.logins).toMatchObject([{ action: 'login', outcome: 'success' }]);
    expect(new Set(sent).size).toBe(2);
  });

  test('with a refresh token no form is filled again when the token expires', async () => {
    const travel = timeTravel();
    const { provider, visit, sent } = await portalWith({}, { issuesRefreshTokens: true });
    const engine = new TestEngine([visit]);
    await engine.run(visit);
    const forms = () => provider.requests.filter((request) => request.startsWith('POST /interaction')).length;
    expect(forms()).toBe(2);
    travel(3_600_000);
    expect(verdictOf(await engine.run(visit))).toBe('ok');
    expect(forms()).toBe(2);
    expect(new Set(sent).size).toBe(2);
  });

  test('logout ends the session at the provider before the next one begins, and with the exporter', async () => {
    const travel = timeTravel();
    const { provider, visit } = await portalWith({ logout: true });
    const engine = new TestEngine([visit]);
    await engine.run(visit);
    travel(3_600_000);
    const result = await engine.run(visit);
    expect(result.logins).toMatchObject([
      { action: 'logout', outcome: 'success' },
      { action: 'login', outcome: 'success' },
    ]);
    expect(provider.events.filter((event) => event === 'end_session.success')).toHaveLength(1);
    await engine.engine.stop(0);
    expect(provider.events.filter((event) => event === 'end_session.success')).toHaveLength(2);
  });

  test('a confidential client sends its secret, and a wrong one is refused', async () => {
    const right = await portalWith(
      { clientSecret: secret('secret-of-the-client') },
      { clientSecret: 'secret-of-the-client' },
    );
    expect(verdictOf(await runOnce(right.visit))).toBe('ok');
    const wrong = await portalWith(
      { clientSecret: secret('another-secret') },
      { clientSecret: 'secret-of-the-client' },
    );
    const result = await runOnce(wrong.visit);
    expect(verdictOf(result)).toMatch(/^auth: login: the provider refused/);
    expect(result.logins).toMatchObject([{ outcome: 'refused' }]);
  });

  test.each<[string, Partial<OidcAuth>, RegExp]>([
    ['a client that the provider does not know', { clientId: literal('somebody-else') }, /^auth: login: status 400/],
    [
      'a form that is not there',
      { forms: [{ fields: { email: literal('probe') } }] },
      /^auth: login: a page of the login has no form with the fields email/,
    ],
    [
      'a form too few',
      { forms: [{ fields: { login: literal('probe'), password: literal('x') } }] },
      /^auth: login: the provider did not lead back to the redirectUri/,
    ],
    ['another redirect address', { redirectUri: 'https://elsewhere.test/callback' }, /^auth: login: status 400/],
  ])('%s fails with a reason', async (_, over, verdict) => {
    const { visit } = await portalWith(over);
    expect(verdictOf(await runOnce(visit))).toMatch(verdict);
  });

  test('is bound by neverProbe like every request', async () => {
    const { provider, visit } = await portalWith();
    const portal = { ...visit.portal, neverProbe: ['/interaction/*'] };
    expect(verdictOf(await runOnce({ ...visit, portal }))).toBe(
      'assertion: login: not sent: the portal forbids this path by neverProbe: /interaction/*',
    );
    expect(provider.requests.filter((request) => request.includes('interaction'))).toEqual([]);
  });

  test('a provider that is not what its address says is refused', async () => {
    const other = await httpServer((_, response) => json(response, { issuer: 'https://evil.test' }));
    const { visit } = await portalWith({ issuer: other.url });
    expect(verdictOf(await runOnce(visit))).toMatch(/^protocol: login: the provider's answer is not as OpenID Connect/);
  });
});
