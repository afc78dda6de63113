import { describe, expect, test } from 'vitest';
import { SecretText } from '../../../../pack/index.js';
import type { Extract, HttpStep } from '../../../../pack/workflow/model.js';
import { expectation, job, literal, secret, step } from '../../../support/workflow/domain.js';
import { runOnce, stepOf, TestEngine, verdictOf } from '../../../support/workflow/engine.js';
import { httpServer, json } from '../../../support/workflow/server.js';

describe('a failed step', () => {
  test('ends the run, and later steps count as skipped', async () => {
    const server = await httpServer((request, response) => json(response, {}, request.url === '/two' ? 500 : 200));
    const steps = ['one', 'two', 'three', 'four'].map((name) => step({ name, path: `/${name}` }));
    const result = await runOnce(job(server.url, { workflow: { steps } }));
    expect(result.steps.map(({ outcome, reason }) => [outcome, reason])).toEqual([
      ['ok', undefined],
      ['failed', 'status'],
      ['skipped', 'skipped'],
      ['skipped', 'skipped'],
    ]);
    expect(server.requests).toHaveLength(2);
    expect(result).toMatchObject({ success: false, verdict: 'missed' });
    expect(stepOf(result, 'three')).toMatchObject({
      durationMs: 0,
      phases: {},
      // Not the same number to the last bit: one was divided by a thousand.
      offsetMs: expect.closeTo(result.durationSeconds * 1000, 6),
    });
  });
});

describe('the SLA', () => {
  test.each([
    [0.02, 'missed'],
    [5, 'met'],
  ])('of %f s, in 60 ms: %s', async (slaSeconds, verdict) => {
    const server = await httpServer((_, response) => setTimeout(() => json(response, {}), 60));
    const result = await runOnce(job(server.url, { workflow: { slaSeconds } }));
    expect(result).toMatchObject({
      success: true,
      verdict: result.tainted && verdict === 'missed' ? expect.stringMatching(/uncertain|missed/) : verdict,
    });
  });

  test('judges the sum of the steps', async () => {
    const server = await httpServer((_, response) => setTimeout(() => json(response, {}), 40));
    const steps = ['one', 'two', 'three'].map((name) => step({ name }));
    const result = await runOnce(job(server.url, { workflow: { steps, slaSeconds: 0.1 } }));
    expect(result).toMatchObject({
      success: true,
      verdict: result.tainted ? expect.stringMatching(/uncertain|missed/) : 'missed',
    });
    expect(result.durationSeconds * 1000).toBeCloseTo(
      result.steps.reduce((sum, { durationMs }) => sum + durationMs, 0),
      6,
    );
  });
});

describe('a fault of ours', () => {
  test.each([
    [5, { verdict: 'uncertain', uncertain: 'secret' }],
    [0.02, { verdict: 'missed' }],
  ])('after 60 ms of an SLA of %f s', async (slaSeconds, verdict) => {
    const server = await httpServer((_, response) => setTimeout(() => json(response, {}), 60));
    const variables = { key: new SecretText([{ kind: 'env', name: 'KOP_TEST_UNSET' }]) };
    const steps = [step({ name: 'slow' }), step({ name: 'broken', query: { key: '{key}' } })];
    const result = await runOnce(job(server.url, { portal: { variables }, workflow: { steps, slaSeconds } }));
    expect(result).toMatchObject(result.tainted ? {} : verdict);
    expect(stepOf(result, 'broken')).toMatchObject({ outcome: 'failed', fault: 'secret', durationMs: 0 });
  });
});

describe('a budget', () => {
  test('fails the step that exceeds it, although its answer was right', async () => {
    const server = await httpServer((_, response) => setTimeout(() => json(response, {}), 60));
    const steps = [step({ budgetMs: 20 }), step({ name: 'after' })];
    const result = await runOnce(job(server.url, { workflow: { steps } }));
    expect(verdictOf(result)).toMatch(/^budget: took [\d.]+ ms of a budget of 20 ms$/);
    expect(stepOf(result, 'after').outcome).toBe('skipped');
  });
});

describe('retries', () => {
  const flaky = (failures: number) => {
    let count = 0;
    return httpServer((_, response) => {
      count += 1;
      setTimeout(() => json(response, {}, count <= failures ? 503 : 200), 20);
    });
  };

  test('are off by default', async () => {
    const server = await flaky(1);
    expect(verdictOf(await runOnce(job(server.url)))).toBe('status: status 503, expected 200');
    expect(server.requests).toHaveLength(1);
  });

  test('are counted and logged, and their time is the step’s', async () => {
    const server = await flaky(2);
    const result = await runOnce(job(server.url, { workflow: { steps: [step({ retries: 3 })] } }));
    expect(verdictOf(result)).toBe('ok');
    expect(stepOf(result).retries).toBe(2);
    expect(stepOf(result).durationMs).toBeGreaterThan(57);
    expect(stepOf(result).phases.wait).toBeGreaterThan(50);
    const log = result.log.map(({ message }) => message).join('\n');
    expect(log).toContain('look failed: status: status 503, expected 200');
    expect(log).toContain('look: try 3 of 4');
  });

  test('end', async () => {
    const server = await flaky(9);
    const result = await runOnce(job(server.url, { workflow: { steps: [step({ retries: 2 })] } }));
    expect(verdictOf(result)).toBe('status: status 503, expected 200');
    expect(server.requests).toHaveLength(3);
  });

  test('never outlast the run', async () => {
    const server = await httpServer((_, response) => setTimeout(() => json(response, {}, 503), 40));
    const steps = [step({ retries: 5 })];
    const result = await runOnce(job(server.url, { workflow: { steps, schedule: { timeoutMs: 100 } } }));
    expect(verdictOf(result)).toBe('timeout: the run had not ended after 100 ms');
    expect(result.durationSeconds).toBeLessThan(0.2);
  });

  test('are not made after a time-out: each abandoned request may hold a database connection', async () => {
    const server = await httpServer(() => {});
    const steps = [step({ retries: 5, timeoutMs: 60 })];
    const result = await runOnce(job(server.url, { workflow: { steps } }));
    expect(verdictOf(result)).toBe('timeout: no end after 60 ms');
    expect(server.requests).toHaveLength(1);
    expect(stepOf(result).retries).toBe(0);
  });
});

describe('variables', () => {
  const answer = { id: 42, name: 'Müller & Söhne/UK', flag: true, items: [{ id: 'a1' }, { id: 'b2' }], nothing: null };
  const extracts: [extract: Extract, value: string | undefined][] = [
    [{ from: 'json', path: '$.id' }, '42'],
    [{ from: 'json', path: '$.flag' }, 'true'],
    [{ from: 'json', path: '$.items[-1].id' }, 'b2'],
    [{ from: 'json', path: '$.items[*].id' }, 'a1'],
    [{ from: 'json', path: '$.nothing' }, undefined],
    [{ from: 'json', path: '$.items' }, undefined],
    [{ from: 'header', name: 'X-Request' }, 'r-9'],
    [{ from: 'header', name: 'X-Missing' }, undefined],
    [{ from: 'cookie', name: 'csrf' }, 'c-7'],
    [{ from: 'cookie', name: 'missing' }, undefined],
    [{ from: 'regex', pattern: '"id":"(b\\d)"', group: 1 }, 'b2'],
    [{ from: 'regex', pattern: 'zzz', group: 0 }, undefined],
  ];
  test.each(extracts)('%j gives %s', async (extract, value) => {
    const server = await httpServer((_, response) =>
      json(response, answer, 200, { 'x-request': 'r-9', 'set-cookie': ['csrf=c-7; Path=/elsewhere', 'other=1'] }),
    );
    const steps = [step({ name: 'one', extract: { it: extract } }), step({ name: 'two', path: '/then/{it}' })];
    const result = await runOnce(job(server.url, { workflow: { steps } }));
    if (value === undefined) expect(verdictOf(result)).toMatch(/^assertion: cannot extract \{it\}: nothing at /);
    else expect(server.requests[1]?.url).toBe(`/then/${value}`);
  });

  const name = { from: 'json', path: '$.name' } as const;
  const uses: [where: string, over: Partial<HttpStep>, seen: Record<string, unknown>][] = [
    ['path', { path: '/then/{it}/x' }, { url: '/then/M%C3%BCller%20%26%20S%C3%B6hne%2FUK/x' }],
    ['query', { query: { q: '{it}', n: '{known}' } }, { url: '/look?q=M%C3%BCller+%26+S%C3%B6hne%2FUK&n=7' }],
    [
      'JSON body',
      { method: 'POST', body: { kind: 'json', value: { a: ['{it}'], n: 1, '{it}': true } } },
      { body: JSON.stringify({ a: [answer.name], n: 1, '{it}': true }) },
    ],
    [
      'form body',
      { method: 'POST', body: { kind: 'form', fields: { a: 'x{it}' } } },
      { body: 'a=xM%C3%BCller+%26+S%C3%B6hne%2FUK' },
    ],
    ['header', { headers: { 'X-Known': literal('n {known}') } }, { headers: { 'x-known': 'n 7' } }],
  ];
  test.each(uses)('are filled in a %s, encoded for it', async (_, over, seen) => {
    const server = await httpServer((_request, response) => json(response, answer));
    const steps = [step({ name: 'one', extract: { it: name } }), step({ name: 'two', ...over })];
    const portal = { variables: { known: '7' }, allowEncodedSlashes: true };
    const result = await runOnce(job(server.url, { portal, workflow: { steps } }));
    expect(verdictOf(result)).toBe('ok');
    expect(server.requests[1]).toMatchObject(seen);
  });

  test('and whole texts may be references, in which braces mean nothing', async () => {
    const server = await httpServer((_request, response) => json(response, answer));
    const variables = { key: secret('k{known}'), known: '7' };
    const steps = [
      step({
        method: 'POST',
        path: '/keys/{key}',
        query: { q: secret('s&q'), both: '{key} {known}' },
        body: { kind: 'json', value: { deep: [secret('in{it}')], n: 1 } },
      }),
      step({ name: 'form', method: 'POST', body: { kind: 'form', fields: { f: secret('a b') } } }),
    ];
    const result = await runOnce(job(server.url, { portal: { variables }, workflow: { steps } }));
    expect(verdictOf(result)).toBe('ok');
    expect(server.requests[0]).toMatchObject({
      url: '/keys/k%7Bknown%7D?q=s%26q&both=k%7Bknown%7D+7',
      body: '{"deep":["in{it}"],"n":1}',
    });
    expect(server.requests[1]?.body).toBe('f=a+b');
    expect(JSON.stringify(result)).not.toMatch(/known|s&q|in\{it\}|a b/);
  });

  test('whose reference cannot be read fail the step, not the process', async () => {
    const server = await httpServer((_request, response) => json(response, {}));
    const variables = { key: new SecretText([{ kind: 'env', name: 'KOP_TEST_UNSET' }]) };
    const steps = [step({ query: { key: '{key}' } })];
    const result = await runOnce(job(server.url, { portal: { variables }, workflow: { steps } }));
    expect(verdictOf(result)).toBe('exporter: environment variable KOP_TEST_UNSET is not set; set it and try again');
    expect(result).toMatchObject({ success: false, verdict: 'uncertain', uncertain: 'secret' });
    expect(server.requests).toHaveLength(0);
  });

  test('without a value fail the step before anything is sent', async () => {
    const server = await httpServer((_, response) => json(response, {}));
    const result = await runOnce(job(server.url, { workflow: { steps: [step({ path: '/x/{nobody}' })] } }));
    expect(verdictOf(result)).toBe('assertion: variable {nobody} has no value: no earlier step extracted it');
    expect(server.requests).toHaveLength(0);
    expect(result.durationSeconds).toBe(0);
  });

  const traps: [what: string, value: string, over: Partial<HttpStep>, verdict: string][] = [
    ...[
      ['..', 'holds a dot segment'],
      ['%2e%2e', 'holds a dot segment'],
      ['..;x', 'holds a dot segment'],
      ['', 'is empty'],
      ['admin/wipe', "holds a slash that portal 'kingston' does not allow (allowEncodedSlashes)"],
      ['admin%2Fwipe', "holds a slash that portal 'kingston' does not allow (allowEncodedSlashes)"],
      ['admin\\wipe', "holds a slash that portal 'kingston' does not allow (allowEncodedSlashes)"],
      ['wipe\0', 'holds a control character'],
      ['half \ud800', 'holds an escape that is no UTF-8'],
    ].map(([value = '', why]): [string, string, Partial<HttpStep>, string] => [
      'leads to another route',
      value,
      { path: '/then/{it}/x' },
      `assertion: not sent: {it} ${why}, which leads to another route`,
    ]),
    [
      'begins another header',
      'x\r\nX-Evil: 1',
      { headers: { 'X-It': literal('{it}') } },
      'assertion: the value for header x-it holds what no header can carry',
    ],
  ];
  test.each(traps)('that %s is not sent', async (_, value, over, verdict) => {
    const server = await httpServer((_request, response) => json(response, { value }));
    const extract = { it: { from: 'json', path: '$.value' } } as const;
    const steps = [step({ name: 'one', extract }), step({ name: 'two', ...over })];
    const result = await runOnce(job(server.url, { workflow: { steps } }));
    expect(verdictOf(result)).toBe(verdict);
    expect(server.requests).toHaveLength(1);
  });

  test('do not stay for the next run', async () => {
    let id = 0;
    const server = await httpServer((_, response) => json(response, { id: ++id }));
    const steps = [
      step({ name: 'one', extract: { id: { from: 'json', path: '$.id' } } }),
      step({ name: 'two', path: '/{id}' }),
    ];
    const visit = job(server.url, { workflow: { steps } });
    const engine = new TestEngine([visit]);
    await engine.run(visit);
    await engine.run(visit);
    expect(server.requests.map(({ url }) => url)).toEqual(['/look', '/1', '/look', '/3']);
  });
});

describe('the log of a run', () => {
  test('names the template of a path, and of a redirect only what is no client’s', async () => {
    const server = await httpServer((request, response) => {
      if (request.url === '/clients/4711/complete') {
        response.writeHead(302, { location: '/login/clients/Ashdown-4711?back=4711' }).end();
      } else json(response, { id: 4712 });
    });
    const steps = [
      step({
        path: '/clients/{id}/complete',
        extract: { next: { from: 'json', path: '$.id' } },
        expect: expectation({ endsAt: ['/login/**'] }),
      }),
      step({ name: 'then', path: '/clients/{next}' }),
    ];
    const result = await runOnce(job(server.url, { portal: { variables: { id: '4711' } }, workflow: { steps } }));
    expect(server.requests.at(-1)?.url).toBe('/clients/4712');
    expect(result.log.map(({ message }) => message).filter((message) => message.includes('GET'))).toEqual([
      'look: GET /clients/{id}/complete',
      'look: GET /login/clients/…',
      'then: GET /clients/{next}',
    ]);
    expect(JSON.stringify(result)).not.toMatch(/471[12]|Ashdown/);
  });
});

describe('path style', () => {
  test.each([
    ['underscore', '/api/client_groups/a_b/legal_documents'],
    ['kebab', '/api/client-groups/a_b/legal_documents'],
  ] as const)('%s', async (pathStyle, url) => {
    const server = await httpServer((_, response) => json(response, {}));
    const steps = [step({ path: '/api/client_groups/{group_id}/legal_documents' })];
    const portal = { pathStyle, pathStyleExceptions: ['legal_documents'], variables: { group_id: 'a_b' } };
    await runOnce(job(server.url, { portal, workflow: { steps } }));
    expect(server.requests[0]?.url).toBe(url);
  });
});

describe('requests', () => {
  test('carry the portal’s headers, the step’s own winning', async () => {
    const server = await httpServer((_, response) => json(response, {}));
    const headers = { 'Accept-Language': literal('en-GB'), 'X-Tenant': literal('a') };
    const steps = [step({ headers: { 'x-tenant': literal('b') } })];
    await runOnce(job(server.url, { portal: { headers }, workflow: { steps } }));
    expect(server.requests[0]?.headers).toMatchObject({ 'accept-language': 'en-GB', 'x-tenant': 'b' });
    expect(server.requests[0]?.headers['user-agent']).toBe('kingston-observability-pack');
  });

  test.each(['GET', 'HEAD', 'OPTIONS', 'PUT', 'PATCH', 'DELETE'])('go out as %s', async (method) => {
    const server = await httpServer((_, response) => response.writeHead(200).end());
    expect(verdictOf(await runOnce(job(server.url, { workflow: { steps: [step({ method })] } })))).toBe('ok');
    expect(server.requests[0]?.method).toBe(method);
  });
});
