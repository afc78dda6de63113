import { describe, expect, test } from 'vitest';
import type { Job } from '../../../../../exporters/workflow/plan.js';
import type { ExpiredWhen, LoginAuth } from '../../../../../pack/index.js';
import { expectation, job, literal, secret, step } from '../../../../support/workflow/domain.js';
import { runOnce, TestEngine, verdictOf } from '../../../../support/workflow/engine.js';
import { type Handler, httpServer, json, type TestServer } from '../../../../support/workflow/server.js';

type Refuse = (response: Parameters<Handler>[1]) => void;

/** A portal with a login, which answers in a way of its own whoever has no session. */
class Portal {
  logins = 0;
  session = 'nobody-has-it';
  /** Whether a login helps. */
  helps = true;
  readonly #refuse: Refuse;

  constructor(refuse: Refuse) {
    this.#refuse = refuse;
  }

  readonly handle: Handler = (request, response) => {
    if (request.url === '/api/login') {
      this.logins += 1;
      this.session = `session-${this.logins}-of-the-portal`;
      json(response, {}, 200, { 'set-cookie': [`sid=${this.session}; Path=/; HttpOnly`] });
    } else if (request.url?.startsWith('/login') === true) {
      response.writeHead(200, { 'content-type': 'text/html' }).end('<h1>Please log in</h1>');
    } else if (this.helps && request.headers.cookie?.includes(this.session) === true) json(response, { id: 7 });
    else this.#refuse(response);
  };

  forget(): void {
    this.session = 'nobody-has-it';
  }
}

async function portalThat(refuse: Refuse, expiredWhen?: Partial<ExpiredWhen>, over: Partial<Job['workflow']> = {}) {
  const portal = new Portal(refuse);
  const server = await httpServer(portal.handle);
  const auth: LoginAuth = {
    kind: 'login',
    path: '/api/login',
    method: 'POST',
    encoding: 'json',
    fields: { user: literal('probe'), password: secret('correct-horse-battery') },
    expectStatus: 200,
    lifetimeMs: 3_600_000,
    timeoutMs: 2000,
    ...(expiredWhen === undefined
      ? {}
      : { expiredWhen: { status: [], redirectsTo: [], bodyMatches: [], ...expiredWhen } }),
  };
  const visit = job(server.url, { portal: { auth }, workflow: { authenticated: true, ...over } });
  return { portal, server, visit, engine: new TestEngine([visit]) };
}

const toLogin: Refuse = (response) => response.writeHead(302, { location: '/login?next=%2Flook' }).end();
const loginPage: Refuse = (response) =>
  response.writeHead(200, { 'content-type': 'text/html' }).end('<h1>Please log in</h1>');
const status =
  (code: number): Refuse =>
  (response) =>
    json(response, { detail: 'no' }, code);

function paths(server: TestServer): string[] {
  return server.requests.map(({ url }) => url);
}

describe('a session that ended', () => {
  test('and leads to a login page that answers 200 is not met, whatever the configuration names', async () => {
    const { portal, visit, engine } = await portalThat(toLogin);
    expect(verdictOf(await engine.run(visit))).toBe('ok');
    portal.forget();
    const result = await engine.run(visit);
    expect(result.verdict).toBe('missed');
    expect(verdictOf(result)).toMatch(/^redirect: ended at \/login \(status 200\), another page than it asked for/);
  });

  test.each<[string, Refuse, Partial<ExpiredWhen> | undefined]>([
    ['the status 401', status(401), undefined],
    ['the status 403', status(403), undefined],
    ['a status that is named', status(440), { status: [{ min: 440, max: 440 }] }],
    ['a redirect to a page that is named', toLogin, { redirectsTo: ['/login'] }],
    [
      'a redirect to a page of another origin, which is not followed',
      (response) => response.writeHead(302, { location: 'https://id.test/realms/staff/auth?client=x' }).end(),
      { redirectsTo: ['https://id.test/**'] },
    ],
    ['a login page in place of the answer', loginPage, { bodyMatches: ['Please log in'] }],
    ['any redirect', toLogin, { status: [{ min: 302, max: 302 }] }],
  ])('and says so by %s is renewed once', async (_, refuse, expiredWhen) => {
    const { portal, visit, server, engine } = await portalThat(refuse, expiredWhen);
    expect(verdictOf(await engine.run(visit))).toBe('ok');
    portal.forget();
    const before = server.requests.length;
    const result = await engine.run(visit);
    expect(verdictOf(result)).toBe('ok');
    expect(result.logins).toMatchObject([{ outcome: 'success' }]);
    expect(portal.logins).toBe(2);
    expect(paths(server).slice(before)).toEqual(['/look', '/api/login', '/look']);
  });

  test('and is not accepted after that either has failed, and is not renewed each time', async () => {
    const { portal, visit, engine } = await portalThat(toLogin, { redirectsTo: ['/login'] });
    await engine.run(visit);
    portal.helps = false;
    for (let run = 0; run < 3; run += 1)
      expect(verdictOf(await engine.run(visit))).toBe(
        'auth: the portal does not accept the credentials (redirected to /login)',
      );
    expect(portal.logins).toBe(2);
  });

  test('is not an error to a step that says what it expects', async () => {
    const steps = [step({ name: 'forbidden', path: '/a', expect: expectation({ status: [{ min: 403, max: 403 }] }) })];
    const denied = await portalThat(status(403), undefined, { steps });
    await denied.engine.run(denied.visit);
    denied.portal.forget();
    expect(verdictOf(await denied.engine.run(denied.visit))).toBe('ok');
    expect(denied.portal.logins).toBe(1);

    const named = [step({ expect: expectation({ endsAt: ['/login'] }) })];
    const led = await portalThat(toLogin, { redirectsTo: ['/login'], bodyMatches: ['log in'] }, { steps: named });
    await led.engine.run(led.visit);
    led.portal.forget();
    expect(verdictOf(await led.engine.run(led.visit))).toBe('ok');
    expect(led.portal.logins).toBe(1);

    const unfollowed = [step({ maxRedirects: 0, expect: expectation({ status: [{ min: 302, max: 302 }] }) })];
    const judged = await portalThat(toLogin, { redirectsTo: ['/login'] }, { steps: unfollowed });
    judged.portal.helps = false;
    expect(verdictOf(await judged.engine.run(judged.visit))).toBe('ok');
  });
});

describe('a visitor without a session', () => {
  test('that is told 403 is not told to log in', async () => {
    const server = await httpServer((_, response) => json(response, {}, 403));
    expect(verdictOf(await runOnce(job(server.url)))).toBe('status: status 403, expected 200');
  });

  test('that is led to a login page has failed', async () => {
    const server = await httpServer(new Portal(toLogin).handle);
    expect(verdictOf(await runOnce(job(server.url)))).toMatch(/^redirect: ended at \/login/);
  });
});
