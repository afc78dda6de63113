import { describe, expect, test } from 'vitest';
import { expectation, job, literal, secret, step } from '../../../../support/workflow/domain.js';
import { runOnce, stepOf, verdictOf } from '../../../../support/workflow/engine.js';
import { type Handler, httpServer, json } from '../../../../support/workflow/server.js';

const to =
  (location: string, status = 302): Handler =>
  (request, response) => {
    if (request.url === '/look') response.writeHead(status, { location }).end();
    else json(response, {});
  };

describe('redirects', () => {
  test('are followed, counted, and timed as one step on one connection', async () => {
    const server = await httpServer(to('/there'));
    const steps = [step({ expect: expectation({ endsAt: ['/there'] }) })];
    const result = await runOnce(job(server.url, { workflow: { steps } }));
    expect(verdictOf(result)).toBe('ok');
    expect(stepOf(result).facts).toMatchObject({ status: 200, redirects: 1 });
    expect(server.requests.map(({ url }) => url)).toEqual(['/look', '/there']);
    expect(server.connections).toBe(1);
  });

  test('that end on another page have failed, unless the step says that they may end there', async () => {
    const server = await httpServer(to('/there/7'));
    const ended = (endsAt: string[]) =>
      runOnce(job(server.url, { workflow: { steps: [step({ expect: expectation({ endsAt }) })] } })).then(verdictOf);
    expect(await ended([])).toBe(
      'redirect: ended at /…/… (status 200), another page than it asked for; name it in expect.endsAt if that is right',
    );
    expect(await ended(['/else', '/there/*'])).toBe('ok');
    expect(await ended(['/**'])).toBe('ok');
    expect(await ended(['/there'])).toMatch(/^redirect: /);
  });

  test.each(['/look/', '//look', '/%6Cook', '/look?from=here'])(
    'to %s stay on the page that was asked for',
    async (spelled) => {
      const server = await httpServer((request, response) => {
        if (request.url === '/look') response.writeHead(302, { location: `${server.url}${spelled}` }).end();
        else json(response, {});
      });
      expect(verdictOf(await runOnce(job(server.url)))).toBe('ok');
    },
  );

  test('in a loop end at the limit', async () => {
    const server = await httpServer((_, response) => response.writeHead(302, { location: '/look' }).end());
    const steps = [step({ maxRedirects: 3 })];
    expect(verdictOf(await runOnce(job(server.url, { workflow: { steps } })))).toBe('redirect: more than 3 redirects');
    expect(server.requests).toHaveLength(4);
  });

  test('with none allowed, the redirect is the answer', async () => {
    const server = await httpServer(to('/there'));
    const steps = [step({ maxRedirects: 0, expect: { ...step().expect, status: [{ min: 302, max: 302 }] } })];
    expect(verdictOf(await runOnce(job(server.url, { workflow: { steps } })))).toBe('ok');
  });

  test.each([
    [
      'https://elsewhere.test/x',
      'redirect: redirected away from the portal, to https://elsewhere.test; list it in network.redirectOrigins if that is right',
    ],
    ['ftp://localhost/x', 'redirect: redirected to ftp:, which is not followed'],
    ['http://[', 'redirect: redirected to something that is no URL'],
  ])('to %s are refused', async (location, verdict) => {
    const server = await httpServer(to(location));
    expect(verdictOf(await runOnce(job(server.url)))).toBe(verdict);
    expect(server.requests).toHaveLength(1);
  });

  test.each([
    [301, 'GET', ''],
    [302, 'GET', ''],
    [303, 'GET', ''],
    [307, 'POST', '{"a":1}'],
    [308, 'POST', '{"a":1}'],
  ])('a POST that meets %i goes on as %s', async (status, method, body) => {
    const server = await httpServer(to('/there', status));
    const steps = [
      step({ method: 'POST', body: { kind: 'json', value: { a: 1 } }, expect: expectation({ endsAt: ['/there'] }) }),
    ];
    expect(verdictOf(await runOnce(job(server.url, { workflow: { steps } })))).toBe('ok');
    expect(server.requests[1]).toMatchObject({ method, body });
    expect(server.requests[1]?.headers['content-type']).toBe(body === '' ? undefined : 'application/json');
  });

  test('to another origin take no credentials and no configured headers along', async () => {
    const other = await httpServer((_, response) => json(response, {}));
    const server = await httpServer(to(`${other.url}/there`));
    const key = { kind: 'header', header: 'X-Api-Key', value: secret('key-of-the-portal') } as const;
    const headers = { 'X-Tenant': literal('kingston') };
    const network = { ...job(server.url).portal.network, redirectOrigins: [other.url] };
    const steps = [step({ expect: expectation({ endsAt: [`${other.url}/there`] }) })];
    const result = await runOnce(
      job(server.url, { portal: { auth: key, headers, network }, workflow: { authenticated: true, steps } }),
    );
    expect(verdictOf(result)).toBe('ok');
    expect(server.requests[0]?.headers).toMatchObject({ 'x-api-key': 'key-of-the-portal', 'x-tenant': 'kingston' });
    expect(other.requests[0]?.headers).not.toHaveProperty('x-api-key');
    expect(other.requests[0]?.headers).not.toHaveProperty('x-tenant');
  });

  test('to another origin take no body along: it may hold what only the portal may see', async () => {
    const other = await httpServer((_, response) => json(response, {}));
    const server = await httpServer((_, response) => response.writeHead(307, { location: `${other.url}/there` }).end());
    const network = { ...job(server.url).portal.network, redirectOrigins: [other.url] };
    const steps = [step({ method: 'POST', body: { kind: 'form', fields: { key: literal('of-the-portal') } } })];
    expect(verdictOf(await runOnce(job(server.url, { portal: { network }, workflow: { steps } })))).toBe(
      `redirect: redirected with its body to ${other.url}, which is not followed: a body may hold what only the portal may see`,
    );
    expect(other.requests).toHaveLength(0);
  });

  test('to another port of the portal’s host are refused: another service answers there', async () => {
    const other = await httpServer((_, response) => json(response, {}));
    const server = await httpServer(to(`${other.url}/there`));
    expect(verdictOf(await runOnce(job(server.url)))).toBe(
      `redirect: redirected away from the portal, to ${other.url}; list it in network.redirectOrigins if that is right`,
    );
    expect(other.requests).toHaveLength(0);
  });

  test('never lead to a path that the portal forbids', async () => {
    const server = await httpServer(to('/api/system/repair-sequences'));
    const result = await runOnce(job(server.url, { portal: { neverProbe: ['/api/system/*'] } }));
    expect(verdictOf(result)).toBe('assertion: not sent: the portal forbids this path by neverProbe: /api/system/*');
    expect(server.requests).toHaveLength(1);
  });

  test('neither escaped, nor under another name of the portal', async () => {
    const other = await httpServer((_, response) => json(response, {}));
    const server = await httpServer(to(`${other.url.replace('127.0.0.1', 'localhost')}/api/System%2frepair-sequences`));
    const network = {
      ...job(server.url).portal.network,
      redirectOrigins: [new URL(other.url).origin.replace('127.0.0.1', 'localhost')],
    };
    const result = await runOnce(job(server.url, { portal: { neverProbe: ['/api/system/*'], network } }));
    expect(verdictOf(result)).toBe('assertion: not sent: the portal forbids this path by neverProbe: /api/system/*');
    expect(other.requests).toHaveLength(0);
  });

  test('nor does a variable that holds a slash, where the portal allows one', async () => {
    const server = await httpServer((_, response) => json(response, {}));
    const steps = [step({ path: '/api/{what}' })];
    const portal = { neverProbe: ['/api/admin/wipe'], variables: { what: 'admin/wipe' }, allowEncodedSlashes: true };
    expect(verdictOf(await runOnce(job(server.url, { portal, workflow: { steps } })))).toBe(
      'assertion: not sent: the portal forbids this path by neverProbe: /api/admin/wipe',
    );
    expect(server.requests).toHaveLength(0);
  });

  test('nor does a variable', async () => {
    const server = await httpServer((_, response) => json(response, {}));
    const steps = [step({ path: '/api/client_products/{id}/{what}' })];
    const variables = { id: '1', what: 'irr' };
    const portal = { neverProbe: ['/api/client_products/*/irr'], variables };
    expect(verdictOf(await runOnce(job(server.url, { portal, workflow: { steps } })))).toMatch(/^assertion: not sent/);
    expect(server.requests).toHaveLength(0);
  });
});
