import { describe, expect, test } from 'vitest';
import type { LoginAuth } from '../../../../../pack/index.js';
import { job, literal, secret, step } from '../../../../support/workflow/domain.js';
import { runOnce, stepOf, TestEngine, verdictOf } from '../../../../support/workflow/engine.js';
import { type Handler, httpServer, json } from '../../../../support/workflow/server.js';
import { timeTravel } from '../../../../support/workflow/time.js';

const PASSWORD = 'correct-horse/battery"staple';

/** A portal with Kingston's login: an HttpOnly cookie, an empty `access_token`, one session row for each login. */
class Kingston {
  logins = 0;
  loginTakesMs = 0;
  token = 'token-0';
  readonly handle: Handler = (request, response, body) => {
    if (request.url === '/api/auth/login') {
      setTimeout(() => this.#logIn(response, body), this.loginTakesMs);
      return;
    }
    const sent = request.headers.authorization ?? request.headers.cookie ?? '';
    if (!sent.includes(this.token)) json(response, { detail: 'Not authenticated' }, 401);
    else json(response, { id: 7 });
  };

  /** The portal was restarted, or the session was deleted. */
  forget(): void {
    this.token = 'nobody-has-it';
  }

  #logIn(response: Parameters<Handler>[1], body: string): void {
    this.logins += 1;
    const { email, password } = JSON.parse(body);
    if (email !== 'probe@kingston.test' || password !== PASSWORD) {
      json(response, { detail: `wrong: ${body}` }, 401);
      return;
    }
    this.token = `token-${this.logins}-${'x'.repeat(20)}`;
    const cookie = `access_token=${this.token}; Max-Age=86400; Path=/; HttpOnly; SameSite=lax`;
    json(response, { access_token: '', bearer: this.token, token_type: 'bearer' }, 200, { 'set-cookie': [cookie] });
  }
}

function loginAuth(over: Partial<LoginAuth> = {}): LoginAuth {
  return {
    kind: 'login',
    path: '/api/auth/login',
    method: 'POST',
    encoding: 'json',
    fields: { email: literal('probe@kingston.test'), password: secret(PASSWORD) },
    expectStatus: 200,
    token: { from: 'cookie', name: 'access_token' },
    lifetimeMs: 3_600_000,
    timeoutMs: 2000,
    ...over,
  };
}

async function kingston(auth: Partial<LoginAuth> = {}, steps = [step({ name: 'me', path: '/api/auth/me' })]) {
  const portal = new Kingston();
  const server = await httpServer(portal.handle);
  const visit = job(server.url, { portal: { auth: loginAuth(auth) }, workflow: { authenticated: true, steps } });
  return { portal, server, visit };
}

describe('a login that is answered with Retry-After', () => {
  test.each([429, 503])('and %i is not sent again before, and is right after', async (status) => {
    let logins = 0;
    const server = await httpServer((request, response) => {
      if (request.url !== '/api/auth/login') return json(response, { id: 7 });
      logins += 1;
      const busy = logins === 1;
      return json(response, {}, busy ? status : 200, {
        'retry-after': '120',
        'set-cookie': ['access_token=t; Path=/'],
      });
    });
    const visit = job(server.url, {
      portal: { auth: loginAuth() },
      workflow: { authenticated: true, steps: [step({ name: 'me', path: '/api/auth/me' })] },
    });
    const other = { ...visit, workflow: { ...visit.workflow, name: 'other' } };
    const pass = timeTravel();
    const engine = new TestEngine([visit, other]);
    expect(stepOf(await engine.run(visit))).toMatchObject({ outcome: 'failed', retryAfterMs: 120_000 });
    expect(stepOf(await engine.run(other))).toMatchObject({ outcome: 'failed', reason: 'retry-after' });
    pass(119_000);
    expect(stepOf(await engine.run(visit))).toMatchObject({ outcome: 'failed', reason: 'retry-after' });
    expect(logins).toBe(1);
    pass(2000);
    expect(verdictOf(await engine.run(visit))).toBe('ok');
    expect(verdictOf(await engine.run(other))).toBe('ok');
    expect(logins).toBe(2);
  });

  test('and refused pauses for longer each time, however short a time is asked for', async () => {
    let logins = 0;
    const server = await httpServer((_, response) => {
      logins += 1;
      json(response, {}, 429, { 'retry-after': '1' });
    });
    const visit = job(server.url, { portal: { auth: loginAuth() }, workflow: { authenticated: true } });
    const pass = timeTravel();
    const engine = new TestEngine([visit]);
    for (const pauseMs of [30_000, 60_000, 120_000]) {
      const before = logins;
      await engine.run(visit);
      expect(logins).toBe(before + 1);
      pass(pauseMs - 1000);
      expect(verdictOf(await engine.run(visit))).toMatch(/^auth: not logging in for another 1 s, because the last/);
      expect(logins).toBe(before + 1);
      pass(1000);
    }
  });
});

describe('a login', () => {
  test('happens once, for all runs and workflows of the portal', async () => {
    const { portal, visit } = await kingston();
    const other = { ...visit, workflow: { ...visit.workflow, name: 'other' } };
    const engine = new TestEngine([visit, other]);
    for (const one of [visit, other, visit]) expect(verdictOf(await engine.run(one))).toBe('ok');
    expect(portal.logins).toBe(1);
  });

  test('is shared by runs that begin together, and reported by one of them', async () => {
    const { portal, visit } = await kingston();
    portal.loginTakesMs = 40;
    const engine = new TestEngine([visit]);
    const results = await Promise.all([engine.run(visit), engine.run(visit), engine.run(visit)]);
    expect(results.map(verdictOf)).toEqual(['ok', 'ok', 'ok']);
    expect(portal.logins).toBe(1);
    expect(results.flatMap(({ logins }) => logins)).toMatchObject([{ portal: 'kingston', outcome: 'success' }]);
  });

  test('is outside the SLA and outside the time-out of the run', async () => {
    const { portal, visit } = await kingston();
    portal.loginTakesMs = 1500;
    const impatient = {
      ...visit,
      workflow: { ...visit.workflow, schedule: { ...visit.workflow.schedule, timeoutMs: 1400 } },
    };
    const result = await runOnce(impatient);
    expect(verdictOf(result)).toBe('ok');
    expect(result.durationSeconds).toBeLessThan(1.4);
    expect(result.logins[0]?.durationMs).toBeGreaterThan(1495);
  });

  test('goes on when the run that began it is cut off, because others wait for it', async () => {
    const { portal, visit } = await kingston();
    portal.loginTakesMs = 120;
    const engine = new TestEngine([visit]);
    const cutOff = engine.run(visit, { timeoutMs: 40 });
    const patient = engine.run(visit);
    expect(verdictOf(await cutOff)).toMatch(/^timeout/);
    const result = await patient;
    expect(verdictOf(result)).toBe('ok');
    expect(result.logins).toHaveLength(1);
    expect(portal.logins).toBe(1);
  });

  test('carries the headers of the portal, as every request does', async () => {
    const { visit, server } = await kingston();
    const headers = {
      'X-Tenant': literal('{tenant}'),
      'X-Gateway-Key': secret('key-of-the-gateway'),
      'Content-Type': literal('text/plain'),
    };
    const portal = { ...visit.portal, headers, variables: { tenant: 'wealth' } };
    expect(verdictOf(await runOnce({ ...visit, portal }))).toBe('ok');
    expect(server.requests[0]).toMatchObject({
      url: '/api/auth/login',
      headers: { 'x-tenant': 'wealth', 'x-gateway-key': 'key-of-the-gateway', 'content-type': 'application/json' },
    });
    expect(server.requests[1]?.headers).toMatchObject({ 'x-tenant': 'wealth', 'x-gateway-key': 'key-of-the-gateway' });
  });

  test('with a header that no request can carry fails without quoting it', async () => {
    const { visit, portal } = await kingston();
    const headers = { 'X-Gateway-Key': secret('one line\nand another') };
    const result = await runOnce({ ...visit, portal: { ...visit.portal, headers } });
    expect(verdictOf(result)).toBe(
      'assertion: login: the value for header x-gateway-key holds what no header can carry',
    );
    expect(portal.logins).toBe(0);
  });

  test('is made anew after its lifetime', async () => {
    const travel = timeTravel();
    const { portal, visit } = await kingston({ lifetimeMs: 60_000 });
    const engine = new TestEngine([visit]);
    await engine.run(visit);
    travel(59_000);
    await engine.run(visit);
    expect(portal.logins).toBe(1);
    travel(2000);
    await engine.run(visit);
    expect(portal.logins).toBe(2);
  });
});

describe('how the portal knows us', () => {
  test('by its cookies alone', async () => {
    const { visit } = await kingston();
    const { token: _, ...cookiesOnly } = loginAuth();
    expect(verdictOf(await runOnce({ ...visit, portal: { ...visit.portal, auth: cookiesOnly } }))).toBe('ok');
  });

  test('by a bearer token from the JSON of the answer', async () => {
    const { visit, server } = await kingston({ token: { from: 'json', path: '$.bearer' } });
    expect(verdictOf(await runOnce(visit))).toBe('ok');
    expect(server.requests[1]?.headers.authorization).toMatch(/^Bearer token-1/);
  });

  test('by a form, whose answer is a redirect', async () => {
    const server = await httpServer((request, response, body) => {
      if (request.url !== '/login') {
        json(response, {}, request.headers.cookie === 'sid=session-of-the-form' ? 200 : 401);
      } else if (new URLSearchParams(body).get('password') === PASSWORD) {
        response.writeHead(302, { location: '/home', 'set-cookie': 'sid=session-of-the-form; Path=/' }).end();
      } else response.writeHead(200).end();
    });
    const { token: _, ...form } = loginAuth({ path: '/login', encoding: 'form', expectStatus: 302 });
    expect(
      verdictOf(await runOnce(job(server.url, { portal: { auth: form }, workflow: { authenticated: true } }))),
    ).toBe('ok');
    expect(server.requests[0]?.headers['content-type']).toBe('application/x-www-form-urlencoded');
  });

  test('only at its own origin', async () => {
    const other = await httpServer((_, response) => json(response, {}));
    const { visit, portal } = await kingston({ token: { from: 'json', path: '$.bearer' } });
    const engine = new TestEngine([visit]);
    await engine.run(visit);
    const away = await httpServer((request, response, body) => {
      if (request.url === '/api/auth/me') response.writeHead(302, { location: `${other.url}/x` }).end();
      else portal.handle(request, response, body);
    });
    const network = { ...visit.portal.network, redirectOrigins: [other.url] };
    await runOnce({ ...visit, portal: { ...visit.portal, baseUrl: away.url, network } });
    expect(other.requests).toHaveLength(1);
    expect(other.requests[0]?.headers).not.toHaveProperty('authorization');
  });
});

describe('a session that the portal no longer accepts', () => {
  const steps = [step({ name: 'one', path: '/one' }), step({ name: 'two', path: '/two' })];

  test('in the middle of a run: one new login, and neither it nor the refused try is counted', async () => {
    const portal = new Kingston();
    portal.loginTakesMs = 300;
    const server = await httpServer((request, response, body) => {
      if (request.url === '/two' && portal.logins === 1) {
        portal.forget();
        setTimeout(() => json(response, {}, 401), 300);
      } else portal.handle(request, response, body);
    });
    const result = await runOnce(
      job(server.url, { portal: { auth: loginAuth() }, workflow: { authenticated: true, steps } }),
    );
    expect(verdictOf(result)).toBe('ok');
    expect(portal.logins).toBe(2);
    expect(result.logins).toHaveLength(2);
    expect(result.durationSeconds).toBeLessThan(0.3);
    expect(stepOf(result, 'two')).toMatchObject({ outcome: 'ok', retries: 0 });
  });

  test('seen by several runs at once: still one new login', async () => {
    const { portal, visit } = await kingston();
    const engine = new TestEngine([visit]);
    await engine.run(visit);
    portal.forget();
    portal.loginTakesMs = 30;
    const results = await Promise.all([engine.run(visit), engine.run(visit), engine.run(visit)]);
    expect(results.map(verdictOf)).toEqual(['ok', 'ok', 'ok']);
    expect(portal.logins).toBe(2);
  });

  test('a late 401 does not throw away the session that another run has renewed meanwhile', async () => {
    const portal = new Kingston();
    let release = () => {};
    const server = await httpServer((request, response, body) => {
      const isOld = request.headers.cookie?.includes('token-1') === true;
      if (request.url === '/slow' && isOld) release = () => json(response, {}, 401);
      else portal.handle(request, response, body);
    });
    const auth = { portal: { auth: loginAuth() } };
    const warm = job(server.url, { ...auth, workflow: { authenticated: true, name: 'warm' } });
    const slow = job(server.url, {
      ...auth,
      workflow: { authenticated: true, name: 'slow', steps: [step({ path: '/slow' })] },
    });
    const place = { ...slow, portal: warm.portal };
    const engine = new TestEngine([warm, place]);
    await engine.run(warm);
    const late = engine.run(place);
    await server.seen(3);
    portal.forget();
    expect(verdictOf(await engine.run(warm))).toBe('ok');
    expect(portal.logins).toBe(2);
    release();
    expect(verdictOf(await late)).toBe('ok');
    expect(portal.logins).toBe(2);
  });

  test('a route that refuses every session does not make us log in for each run', async () => {
    const travel = timeTravel();
    const portal = new Kingston();
    const server = await httpServer((request, response, body) => {
      if (request.url === '/never') json(response, {}, 401);
      else portal.handle(request, response, body);
    });
    const never = job(server.url, {
      portal: { auth: loginAuth() },
      workflow: { authenticated: true, name: 'never', steps: [step({ path: '/never' })] },
    });
    const fine = { portal: never.portal, workflow: { ...never.workflow, name: 'fine', steps: [step()] } };
    const engine = new TestEngine([never, fine]);
    for (let run = 0; run < 5; run += 1) {
      expect(verdictOf(await engine.run(never))).toBe('auth: the portal does not accept the credentials (status 401)');
      expect(verdictOf(await engine.run(fine))).toBe('ok');
    }
    expect(portal.logins).toBe(2);
    // It is asked again after a pause, which doubles.
    travel(31_000);
    for (let run = 0; run < 3; run += 1) await engine.run(never);
    expect(portal.logins).toBe(3);
    travel(31_000);
    await engine.run(never);
    expect(portal.logins).toBe(3);
    // And others are not held back by it.
    portal.forget();
    expect(verdictOf(await engine.run(fine))).toBe('ok');
  });

  test('a 401 that a step expects is not an error', async () => {
    const { portal, visit } = await kingston({}, [
      step({ path: '/api/x', expect: { ...step().expect, status: [{ min: 401, max: 401 }] } }),
    ]);
    const engine = new TestEngine([visit]);
    await engine.run(visit);
    portal.forget();
    expect(verdictOf(await engine.run(visit))).toBe('ok');
    expect(portal.logins).toBe(1);
  });
});

describe('a login that fails', () => {
  test('is not tried by each run, but after a pause that doubles', async () => {
    const travel = timeTravel();
    const { portal, visit } = await kingston({
      fields: { email: literal('probe@kingston.test'), password: secret('outdated-password') },
    });
    const engine = new TestEngine([visit]);
    const first = await engine.run(visit);
    expect(verdictOf(first)).toBe('auth: login: status 401, expected 200');
    expect(first).toMatchObject({ verdict: 'missed', durationSeconds: 0, logins: [{ outcome: 'refused' }] });
    const second = await engine.run(visit);
    expect(verdictOf(second)).toBe(
      'auth: not logging in for another 30 s, because the last login failed: status 401, expected 200',
    );
    expect(second.logins).toEqual([]);
    expect(portal.logins).toBe(1);
    travel(30_001);
    await engine.run(visit);
    expect(portal.logins).toBe(2);
    travel(30_001);
    expect(verdictOf(await engine.run(visit))).toMatch(/another 30 s/);
    travel(30_001);
    await engine.run(visit);
    expect(portal.logins).toBe(3);
  });

  const cases: [what: string, answer: Handler, verdict: string, outcome: string][] = [
    ['has errors', (_, response) => json(response, {}, 503), 'status: login: status 503, expected 200', 'failed'],
    [
      'echoes the password',
      (_, response, body) => json(response, { detail: body }, 422),
      'auth: login: status 422, expected 200',
      'refused',
    ],
    [
      'sets no cookie',
      (_, response) => json(response, {}),
      'auth: login: the login set no cookie access_token',
      'refused',
    ],
    ['does not answer', () => {}, 'timeout: login: no end after 400 ms', 'failed'],
    [
      'hangs up',
      (request) => request.socket.destroy(),
      'protocol: login: HOST: connection reset (ECONNRESET)',
      'failed',
    ],
  ];
  test.each(cases)('because the portal %s', async (_, answer, verdict, outcome) => {
    const server = await httpServer(answer);
    const auth = loginAuth({ timeoutMs: verdict.startsWith('timeout') ? 400 : 5000 });
    const result = await runOnce(job(server.url, { portal: { auth }, workflow: { authenticated: true } }));
    expect(verdictOf(result)).toBe(verdict.replace('HOST', `localhost:${server.port}`));
    expect(result.logins).toMatchObject([{ outcome }]);
    expect(JSON.stringify(result)).not.toContain('battery');
  });

  test.each([
    ['an empty token', { access_token: '' }, 'the login gave no token at $.access_token'],
    ['no token', {}, 'the login gave no token at $.access_token'],
    ['a token that is no text', { access_token: 5 }, 'the login gave no token at $.access_token'],
  ])('with %s', async (_, answer, detail) => {
    const server = await httpServer((_request, response) => json(response, answer));
    const auth = loginAuth({ token: { from: 'json', path: '$.access_token' } });
    const result = await runOnce(job(server.url, { portal: { auth }, workflow: { authenticated: true } }));
    expect(verdictOf(result)).toBe(`auth: login: ${detail}`);
  });

  test('with an answer that is no JSON', async () => {
    const server = await httpServer((_, response) => response.end('<html>'));
    const auth = loginAuth({ token: { from: 'json', path: '$.access_token' } });
    const result = await runOnce(job(server.url, { portal: { auth }, workflow: { authenticated: true } }));
    expect(verdictOf(result)).toBe('auth: login: the login answered 2xx but not with JSON');
  });

  test('for want of a secret names what to set', async () => {
    const password = secret('soon gone');
    const name = Object.keys(process.env).find((key) => process.env[key] === 'soon gone') ?? '';
    delete process.env[name];
    const { visit, portal } = await kingston({ fields: { password } });
    expect(verdictOf(await runOnce(visit))).toBe(
      `exporter: login: environment variable ${name} is not set; set it and try again`,
    );
    expect(portal.logins).toBe(0);
  });
});

test('a workflow that sends no credentials is told when some are asked for', async () => {
  const { visit, portal } = await kingston();
  const anonymous = { ...visit, workflow: { ...visit.workflow, authenticated: false } };
  expect(verdictOf(await runOnce(anonymous))).toMatch(/^auth: the portal asks for credentials \(status 401\)/);
  expect(portal.logins).toBe(0);
});

test('a visitor without a login keeps the cookies of the run, and no longer', async () => {
  const server = await httpServer((_, response) => json(response, {}, 200, { 'set-cookie': 'visit=one; Path=/' }));
  const visit = job(server.url, { workflow: { steps: [step({ name: 'one' }), step({ name: 'two' })] } });
  const engine = new TestEngine([visit]);
  await engine.run(visit);
  await engine.run(visit);
  expect(server.requests.map(({ headers }) => headers.cookie)).toEqual([
    undefined,
    'visit=one',
    undefined,
    'visit=one',
  ]);
});
