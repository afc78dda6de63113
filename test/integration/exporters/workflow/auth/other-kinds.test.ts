import { describe, expect, test } from 'vitest';
import type { OAuth2Auth } from '../../../../../pack/index.js';
import { job, literal, secret, step } from '../../../../support/workflow/domain.js';
import { runOnce, TestEngine, verdictOf } from '../../../../support/workflow/engine.js';
import { httpServer, json } from '../../../../support/workflow/server.js';
import { timeTravel } from '../../../../support/workflow/time.js';

const authenticated = { authenticated: true };

describe('basic and header', () => {
  test('basic sends the pair, and counts as no login', async () => {
    const server = await httpServer((_, response) => json(response, {}));
    const auth = { kind: 'basic', username: secret('probe:user'), password: secret('pässword') } as const;
    const result = await runOnce(job(server.url, { portal: { auth }, workflow: authenticated }));
    const sent = server.requests[0]?.headers.authorization?.replace('Basic ', '') ?? '';
    expect(Buffer.from(sent, 'base64').toString('utf8')).toBe('probe:user:pässword');
    expect(result.logins).toEqual([]);
  });

  test('a fixed header is sent under its name', async () => {
    const server = await httpServer((_, response) => json(response, {}));
    const auth = { kind: 'header', header: 'X-Api-Key', value: secret('key-of-the-portal') } as const;
    await runOnce(job(server.url, { portal: { auth }, workflow: authenticated }));
    expect(server.requests[0]?.headers['x-api-key']).toBe('key-of-the-portal');
  });

  test('a rotated secret is taken up within a minute', async () => {
    const travel = timeTravel();
    const server = await httpServer((_, response) => json(response, {}));
    const value = secret('key-before');
    const name = Object.keys(process.env).find((key) => process.env[key] === 'key-before') ?? '';
    const visit = job(server.url, {
      portal: { auth: { kind: 'header', header: 'X-Key', value } },
      workflow: authenticated,
    });
    const engine = new TestEngine([visit]);
    await engine.run(visit);
    process.env[name] = 'key-after';
    travel(61_000);
    await engine.run(visit);
    expect(server.requests.map(({ headers }) => headers['x-key'])).toEqual(['key-before', 'key-after']);
  });

  test('refused credentials are reason auth, and there is nothing to renew', async () => {
    const server = await httpServer((_, response) => json(response, {}, 401));
    const auth = { kind: 'header', header: 'X-Api-Key', value: secret('key-of-the-portal') } as const;
    const result = await runOnce(job(server.url, { portal: { auth }, workflow: authenticated }));
    expect(verdictOf(result)).toBe('auth: the portal does not accept the credentials (status 401)');
    expect(server.requests).toHaveLength(1);
  });

  test('braces in a secret header are part of it, those in a written one are a variable', async () => {
    const server = await httpServer((_, response) => json(response, { id: 41 }));
    const steps = [
      step({ name: 'one', extract: { id: { from: 'json', path: '$.id' } } }),
      step({ name: 'two', headers: { 'X-Id': literal('{id}'), 'X-Key': secret('{id}-and-more') } }),
    ];
    expect(verdictOf(await runOnce(job(server.url, { workflow: { steps } })))).toBe('ok');
    expect(server.requests[1]?.headers).toMatchObject({ 'x-id': '41', 'x-key': '{id}-and-more' });
  });
});

describe('OAuth 2 client credentials', () => {
  async function tokenServer(answer: (count: number) => unknown, status = 200) {
    let count = 0;
    const server = await httpServer((request, response) => {
      if (request.url === '/token') {
        count += 1;
        json(response, answer(count), status);
      } else json(response, {}, request.headers.authorization?.startsWith('Bearer at-') === true ? 200 : 401);
    });
    const oauth2 = (over: Partial<OAuth2Auth> = {}) =>
      job(server.url, {
        portal: {
          auth: {
            kind: 'oauth2',
            tokenUrl: `${server.url}/token`,
            clientId: secret('probe client'),
            clientSecret: secret('s3cret&of=client'),
            clientAuthentication: 'basic',
            timeoutMs: 1000,
            ...over,
          },
        },
        workflow: authenticated,
      });
    return { server, oauth2 };
  }

  test('in the header, form-encoded as RFC 6749 asks', async () => {
    const { server, oauth2 } = await tokenServer(() => ({ access_token: 'at-1-secret' }));
    const result = await runOnce(oauth2({ scope: 'read write', audience: 'portal' }));
    expect(verdictOf(result)).toBe('ok');
    const sent = server.requests[0]?.headers.authorization?.replace('Basic ', '') ?? '';
    expect(Buffer.from(sent, 'base64').toString()).toBe('probe%20client:s3cret%26of%3Dclient');
    expect(server.requests[0]?.body).toBe('grant_type=client_credentials&scope=read+write&audience=portal');
    expect(server.requests[1]?.headers.authorization).toBe('Bearer at-1-secret');
    expect(result.logins).toMatchObject([{ outcome: 'success' }]);
  });

  test('a token endpoint is not the portal, and is not sent its headers', async () => {
    const { server, oauth2 } = await tokenServer(() => ({ access_token: 'at-1-secret' }));
    const visit = oauth2();
    const portal = { ...visit.portal, headers: { 'X-Gateway-Key': secret('key-of-the-gateway') } };
    expect(verdictOf(await runOnce({ ...visit, portal }))).toBe('ok');
    expect(server.requests.map(({ headers }) => headers['x-gateway-key'])).toEqual([undefined, 'key-of-the-gateway']);
  });

  test('in the body', async () => {
    const { server, oauth2 } = await tokenServer(() => ({ access_token: 'at-1-secret' }));
    expect(verdictOf(await runOnce(oauth2({ clientAuthentication: 'body' })))).toBe('ok');
    expect(server.requests[0]?.headers).not.toHaveProperty('authorization');
    expect(Object.fromEntries(new URLSearchParams(server.requests[0]?.body))).toEqual({
      grant_type: 'client_credentials',
      client_id: 'probe client',
      client_secret: 's3cret&of=client',
    });
  });

  test('a token is used until shortly before it expires', async () => {
    const travel = timeTravel();
    const { server, oauth2 } = await tokenServer((count) => ({ access_token: `at-${count}-secret`, expires_in: 300 }));
    const visit = oauth2();
    const engine = new TestEngine([visit]);
    await engine.run(visit);
    travel(265_000);
    await engine.run(visit);
    travel(10_000);
    await engine.run(visit);
    expect(server.requests.filter(({ url }) => url === '/token')).toHaveLength(2);
  });

  test.each([
    [400, 'auth: login: the token endpoint answered 400', 'refused'],
    [401, 'auth: login: the token endpoint answered 401', 'refused'],
    [503, 'status: login: the token endpoint answered 503', 'failed'],
  ])('status %i of the token endpoint', async (status, verdict, outcome) => {
    const { oauth2 } = await tokenServer(() => ({ error: 'invalid_client' }), status);
    const result = await runOnce(oauth2());
    expect(verdictOf(result)).toBe(verdict);
    expect(result.logins).toMatchObject([{ outcome }]);
  });
});
