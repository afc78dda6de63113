import { describe, expect, test } from 'vitest';
import type { Auth, Csrf, FormAuth, LoginAuth } from '../../../../../pack/index.js';
import { job, literal, secret, step } from '../../../../support/workflow/domain.js';
import { runOnce, TestEngine, verdictOf } from '../../../../support/workflow/engine.js';
import { type Handler, httpServer, json } from '../../../../support/workflow/server.js';
import { timeTravel } from '../../../../support/workflow/time.js';

const PASSWORD = 'correct-horse-battery';
const anyGood = [{ min: 200, max: 399 }];

function login(over: Partial<LoginAuth> = {}): LoginAuth {
  return {
    kind: 'login',
    path: '/api/login',
    method: 'POST',
    encoding: 'json',
    fields: { user: literal('probe'), password: secret(PASSWORD) },
    expectStatus: 200,
    lifetimeMs: 3_600_000,
    timeoutMs: 10_000,
    ...over,
  };
}

function visitOf(url: string, auth: Auth, over: { identities?: Record<string, Auth>; neverProbe?: string[] } = {}) {
  return job(url, {
    portal: { auth, ...over },
    workflow: { authenticated: true, steps: [step({ path: '/api/me' })] },
  });
}

/** A portal that counts sessions, by cookie. */
class Portal {
  readonly sessions = new Set<string>();
  #count = 0;

  open(user: string): string {
    this.#count += 1;
    const id = `session-${this.#count}-of-${user}`;
    this.sessions.add(id);
    return `sid=${id}; Path=/; HttpOnly`;
  }

  of({ cookie }: { readonly cookie?: string | undefined }): string | undefined {
    const id = /sid=([^;]+)/.exec(cookie ?? '')?.[1];
    return id !== undefined && this.sessions.has(id) ? id : undefined;
  }

  /** Answers all that is no login. */
  rest: Handler = (request, response) => {
    const id = this.of(request.headers);
    if (id === undefined) json(response, {}, 401);
    else if (request.url === '/api/logout') {
      this.sessions.delete(id);
      response.writeHead(204).end();
    } else json(response, { id });
  };
}

describe('a CSRF token is fetched first', () => {
  const token = 'csrf-token-4711-of-the-page';
  const cases: [Csrf['from'], Csrf['to'], Handler][] = [
    [
      { kind: 'input', name: '_csrf' },
      { kind: 'field', name: '_csrf' },
      (_, response) => response.end(`<form><input type="hidden" name="_csrf" value="${token}"></form>`),
    ],
    [
      { kind: 'meta', name: 'csrf-token' },
      { kind: 'header', name: 'X-CSRF-Token' },
      (_, response) => response.end(`<meta name="csrf-token" content="${token}">`),
    ],
    [
      { kind: 'cookie', name: 'XSRF-TOKEN' },
      { kind: 'header', name: 'X-XSRF-TOKEN' },
      (_, response) => response.setHeader('set-cookie', `XSRF-TOKEN=${token.replaceAll('-', '%2D')}; Path=/`).end(),
    ],
    [
      { kind: 'header', name: 'X-CSRF-Token' },
      { kind: 'header', name: 'X-CSRF-Token' },
      (_, response) => response.setHeader('x-csrf-token', token).end(),
    ],
    [
      { kind: 'json', name: '$.csrf.token' },
      { kind: 'field', name: 'csrf' },
      (_, response) => json(response, { csrf: { token } }),
    ],
  ];
  test.each(cases)('from %j to %j', async (from, to, page) => {
    const portal = new Portal();
    const server = await httpServer((request, response, body) => {
      if (request.url === '/login') page(request, response, body);
      else if (request.url === '/api/login') {
        const sent = to.kind === 'field' ? JSON.parse(body)[to.name] : request.headers[to.name.toLowerCase()];
        if (sent === token) json(response, {}, 200, { 'set-cookie': portal.open('probe') });
        else json(response, { detail: 'CSRF' }, 403);
      } else portal.rest(request, response, body);
    });
    const result = await runOnce(visitOf(server.url, login({ csrf: { path: '/login', from, to } })));
    expect(verdictOf(result)).toBe('ok');
    expect(server.requests.map(({ url }) => url)).toEqual(['/login', '/api/login', '/api/me']);
    expect(server.requests[1]?.headers).toMatchObject({ origin: server.url, referer: `${server.url}/` });
    expect(JSON.stringify(result)).not.toContain(token);
  });

  test.each<[string, Handler, string]>([
    [
      'is not there',
      (_, response) => response.end('<form></form>'),
      'auth: login: the page with the CSRF token has none at input _csrf',
    ],
    [
      'is behind a fault',
      (_, response) => json(response, {}, 503),
      'status: login: status 503 of the page with the CSRF token',
    ],
  ])('and one that %s fails the login', async (_, page, verdict) => {
    const server = await httpServer(page);
    const csrf: Csrf = { path: '/login', from: { kind: 'input', name: '_csrf' }, to: { kind: 'field', name: '_csrf' } };
    expect(verdictOf(await runOnce(visitOf(server.url, login({ csrf }))))).toBe(verdict);
  });
});

describe('a second factor', () => {
  const totp = { secret: secret('GEZDGNBVGY3TQOJQ'), algorithm: 'SHA1', digits: 6, periodSeconds: 30 } as const;

  test('goes with the login, where the portal takes it there', async () => {
    const portal = new Portal();
    const server = await httpServer((request, response, body) => {
      if (request.url !== '/api/login') return portal.rest(request, response, body);
      if (/^\d{6}$/.test(JSON.parse(body).otp)) json(response, {}, 200, { 'set-cookie': portal.open('probe') });
      else json(response, {}, 401);
    });
    expect(verdictOf(await runOnce(visitOf(server.url, login({ totp: { ...totp, field: 'otp' } }))))).toBe('ok');
  });

  test('goes with a second request, which carries what the first was answered', async () => {
    const portal = new Portal();
    const server = await httpServer((request, response, body) => {
      if (request.url === '/api/login') json(response, { mfa: { token: 'half-a-session' } });
      else if (request.url === '/api/second') {
        const { code, mfa_token } = Object.fromEntries(new URLSearchParams(body));
        if (/^\d{6}$/.test(code ?? '') && mfa_token === 'half-a-session')
          json(response, {}, 201, { 'set-cookie': portal.open('probe') });
        else json(response, {}, 401);
      } else portal.rest(request, response, body);
    });
    const secondStep = {
      path: '/api/second',
      method: 'POST',
      encoding: 'form',
      fields: {},
      carry: { mfa_token: '$.mfa.token' },
      expectStatus: 201,
    } as const;
    const result = await runOnce(visitOf(server.url, login({ totp: { ...totp, field: 'code' }, secondStep })));
    expect(verdictOf(result)).toBe('ok');
    expect(JSON.stringify(result)).not.toContain('half-a-session');
  });

  test('whose secret is none is our fault, not the portal’s', async () => {
    const server = await httpServer((_, response) => json(response, {}));
    const broken = { ...totp, secret: secret('not base32 0189'), field: 'otp' };
    const result = await runOnce(visitOf(server.url, login({ totp: broken })));
    expect(result.verdict).toBe('uncertain');
    expect(verdictOf(result)).toMatch(/^exporter: login: the secret of totp: is neither Base32/);
    expect(server.requests).toHaveLength(0);
  });
});

describe('forms of pages', () => {
  const form = (over: Partial<FormAuth> = {}): FormAuth => ({
    kind: 'form',
    path: '/home',
    forms: [{ fields: { username: literal('probe'), password: secret(PASSWORD) } }],
    endsAt: [],
    lifetimeMs: 3_600_000,
    timeoutMs: 10_000,
    ...over,
  });
  const page = (fields: string, action = '') =>
    `<!doctype html><form method=post action="${action}"><input type=hidden name=t value=tok-1>${fields}<button>Log in</button></form>`;
  const fields = '<input name=username><input name=password type=password>';

  /** Leads to the login and, as most do, answers a wrong password with 200 and the form. */
  async function portalWithForms(second?: string) {
    const portal = new Portal();
    const server = await httpServer((request, response, body) => {
      const { pathname } = new URL(request.url ?? '', 'http://portal');
      const sent = new URLSearchParams(body);
      if (request.method === 'POST' && pathname === '/login') {
        const isRight = sent.get('password') === PASSWORD && sent.get('t') === 'tok-1';
        if (!isRight) response.end(page(fields));
        else if (second !== undefined) response.end(page(second, '/second'));
        else response.writeHead(302, { location: '/home', 'set-cookie': portal.open('probe') }).end();
      } else if (pathname === '/second') {
        response.writeHead(303, { location: '/home', 'set-cookie': portal.open('probe') }).end();
      } else if (pathname === '/login') response.end(page(fields));
      else if (pathname === '/home' && portal.of(request.headers) === undefined)
        response.writeHead(302, { location: '/login?next=/home' }).end();
      else if (pathname === '/home') response.end('<h1>Welcome</h1>');
      else portal.rest(request, response, body);
    });
    return { portal, server };
  }

  test('are filled, with their hidden fields, and sent where they say', async () => {
    const { server } = await portalWithForms();
    const result = await runOnce(visitOf(server.url, form()));
    expect(verdictOf(result)).toBe('ok');
    expect(server.requests.map(({ method, url }) => `${method} ${url}`)).toEqual([
      'GET /home',
      'GET /login?next=/home',
      'POST /login?next=/home',
      'GET /home',
      'GET /api/me',
    ]);
    expect(server.requests[2]).toMatchObject({
      body: `t=tok-1&username=probe&password=${PASSWORD}`,
      headers: { origin: server.url, referer: `${server.url}/login` },
    });
  });

  test('follow one another, the second with a one-time code', async () => {
    const { server } = await portalWithForms('<input name=otp>');
    const totp = { secret: secret('GEZDGNBVGY3TQOJQ'), algorithm: 'SHA1', digits: 6, periodSeconds: 30 } as const;
    const auth = form({ totp, forms: [...form().forms, { fields: {}, totp: 'otp' }] });
    expect(verdictOf(await runOnce(visitOf(server.url, auth)))).toBe('ok');
    expect(server.requests.find(({ url }) => url === '/second')?.body).toMatch(/^t=tok-1&otp=\d{6}$/);
  });

  test.each<[string, Partial<FormAuth>, string | RegExp]>([
    [
      'a wrong password, which is answered 200',
      { forms: [{ fields: { username: literal('probe'), password: secret('outdated-password') } }] },
      'auth: login: the same form came again: what was filled in is not accepted',
    ],
    [
      'a field that no form has',
      { forms: [{ fields: { email: literal('probe') } }] },
      /has no form with the fields email/,
    ],
    ['another end than was said', { endsAt: ['/start'] }, 'auth: login: the login ended on another page than /start'],
  ])('%s is told', async (_, over, verdict) => {
    const { server } = await portalWithForms();
    const result = await runOnce(visitOf(server.url, form(over)));
    if (typeof verdict === 'string') expect(verdictOf(result)).toBe(verdict);
    else expect(verdictOf(result)).toMatch(verdict);
    expect(result.logins).toMatchObject([{ outcome: 'refused' }]);
  });

  test('never go to a path that the portal forbids, nor to an origin that nobody named', async () => {
    const { server } = await portalWithForms();
    const forbidden = await runOnce(visitOf(server.url, form(), { neverProbe: ['/log*'] }));
    expect(verdictOf(forbidden)).toBe('assertion: login: not sent: the portal forbids this path by neverProbe: /log*');
    expect(server.requests.map(({ url }) => url)).toEqual(['/home']);

    const thief = await httpServer((_, response) => response.end());
    const lured = await httpServer((_, response) => response.end(page(fields, `${thief.url}/take`)));
    const result = await runOnce(visitOf(lured.url, form()));
    expect(verdictOf(result)).toBe(
      `redirect: login: a form of the login leads away from the portal, to ${thief.url}; list it in network.redirectOrigins if that is right`,
    );
    expect(thief.requests).toHaveLength(0);
  });
});

describe('a login that redirects', () => {
  test('back to the login page was refused, whatever its status says', async () => {
    const server = await httpServer((request, response) => {
      if (request.url === '/api/login') response.writeHead(302, { location: '/login?error' }).end();
      else json(response, {});
    });
    const expiredWhen = { status: [], redirectsTo: ['/login'], bodyMatches: [] };
    const result = await runOnce(visitOf(server.url, login({ encoding: 'form', expectStatus: 302, expiredWhen })));
    expect(verdictOf(result)).toBe('auth: login: the login did not help (redirected to /login)');
    expect(result.logins).toMatchObject([{ outcome: 'refused' }]);
  });
});

describe('several users of one portal', () => {
  test('each has a session of its own, and a workflow is the one that it names', async () => {
    const portal = new Portal();
    const server = await httpServer((request, response, body) => {
      if (request.url !== '/api/login') return portal.rest(request, response, body);
      json(response, {}, 200, { 'set-cookie': portal.open(JSON.parse(body).user) });
    });
    const manager = login({ fields: { user: literal('manager'), password: secret(PASSWORD) } });
    const adviser = visitOf(server.url, login(), { identities: { manager } });
    const boss = {
      portal: adviser.portal,
      workflow: { ...adviser.workflow, name: 'approve', identity: 'manager' },
    };
    const engine = new TestEngine([adviser, boss]);
    const logins = [];
    for (const visit of [adviser, boss, adviser, boss]) {
      const result = await engine.run(visit);
      expect(verdictOf(result)).toBe('ok');
      logins.push(...result.logins);
    }
    expect(logins).toMatchObject([{ identity: 'default' }, { identity: 'manager' }]);
    const asked = server.requests.filter(({ url }) => url === '/api/me').map(({ headers }) => headers.cookie);
    expect(asked).toEqual([
      'sid=session-1-of-probe',
      'sid=session-2-of-manager',
      'sid=session-1-of-probe',
      'sid=session-2-of-manager',
    ]);
  });
});

describe('where sessions are counted', () => {
  async function counting(over: Partial<LoginAuth> = {}) {
    const portal = new Portal();
    let most = 0;
    const server = await httpServer((request, response, body) => {
      if (request.url !== '/api/login') return portal.rest(request, response, body);
      json(response, {}, 200, { 'set-cookie': portal.open('probe') });
      most = Math.max(most, portal.sessions.size);
    });
    const auth = login({ logout: { path: '/api/logout', method: 'POST', expectStatus: anyGood }, ...over });
    const visit = visitOf(server.url, auth);
    return { portal, server, visit, engine: new TestEngine([visit]), most: () => most };
  }

  test('the old one ends before the next begins, and the last with the exporter', async () => {
    const travel = timeTravel();
    const { portal, visit, engine, most } = await counting();
    await engine.run(visit);
    travel(3_600_001);
    const result = await engine.run(visit);
    expect(verdictOf(result)).toBe('ok');
    expect(result.logins).toMatchObject([
      { action: 'logout', outcome: 'success' },
      { action: 'login', outcome: 'success' },
    ]);
    expect(result.durationSeconds).toBeLessThan(1);
    expect([most(), portal.sessions.size]).toEqual([1, 1]);
    await engine.engine.stop(0);
    expect(portal.sessions.size).toBe(0);
  });

  test('it ends with the description of the portal, when nobody runs with it any more', async () => {
    const { portal, server, visit, engine } = await counting();
    await engine.run(visit);
    engine.engine.configure([]);
    await server.seen(3);
    await engine.engine.stop(0);
    expect(portal.sessions.size).toBe(0);
    expect(server.requests.at(-1)).toMatchObject({ method: 'POST', url: '/api/logout' });
  });

  test('a logout that fails is told, and keeps nobody from logging in', async () => {
    const travel = timeTravel();
    const { visit, engine } = await counting({
      logout: { path: '/api/logout', method: 'POST', expectStatus: [{ min: 200, max: 200 }] },
    });
    await engine.run(visit);
    travel(3_600_001);
    const result = await engine.run(visit);
    expect(verdictOf(result)).toBe('ok');
    expect(result.logins).toMatchObject([
      { action: 'logout', outcome: 'failed', detail: 'status 204 of the logout' },
      { action: 'login', outcome: 'success' },
    ]);
  });

  test('without logout: nothing is asked for', async () => {
    const { logout: _, ...plain } = login();
    const portal = new Portal();
    const server = await httpServer((request, response, body) => {
      if (request.url !== '/api/login') return portal.rest(request, response, body);
      json(response, {}, 200, { 'set-cookie': portal.open('probe') });
    });
    const engine = new TestEngine([visitOf(server.url, plain)]);
    await engine.run(visitOf(server.url, plain));
    await engine.engine.stop(0);
    expect(server.requests.map(({ url }) => url)).toEqual(['/api/login', '/api/me']);
  });
});

test('a login by GET sends its fields in the query, and no outlet shows them', async () => {
  const server = await httpServer((request, response) => {
    const isLogin = request.url?.startsWith('/api/login') === true;
    json(response, {}, 200, isLogin ? { 'set-cookie': ['sid=abcdefgh12345678; Path=/'] } : {});
  });
  const result = await runOnce(visitOf(server.url, login({ method: 'GET' })));
  expect(verdictOf(result)).toBe('ok');
  const { method, url, body } = server.requests[0] ?? {};
  expect({ method, url, body }).toEqual({ method: 'GET', url: `/api/login?user=probe&password=${PASSWORD}`, body: '' });
  expect(server.requests[1]?.headers.cookie).toContain('sid=abcdefgh12345678');
  expect(JSON.stringify(result)).not.toContain(PASSWORD);
});
