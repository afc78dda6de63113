import { describe, expect, test } from 'vitest';
import type { Expectation, JsonCondition } from '../../../../../pack/workflow/model.js';
import { expectation, job, step } from '../../../../support/workflow/domain.js';
import { runOnce, verdictOf } from '../../../../support/workflow/engine.js';
import { httpServer } from '../../../../support/workflow/server.js';

const body = JSON.stringify({
  status: 'degraded',
  count: 3,
  total: '6.5912',
  none: null,
  yes: true,
  items: [{ id: 1 }, { id: 2 }],
  database: { status: 'unhealthy' },
  client: 'Jane Adviser',
});

async function judge(over: Partial<Expectation>, answer: { status?: number; body?: string; type?: string } = {}) {
  const { status = 200, type = 'application/json; charset=utf-8' } = answer;
  const server = await httpServer((_, response) => {
    response.writeHead(status, { 'content-type': type, 'x-version': '2.1.0' }).end(answer.body ?? body);
  });
  const result = await runOnce(job(server.url, { workflow: { steps: [step({ expect: expectation(over) })] } }));
  return verdictOf(result);
}

const ok = 'ok';

describe('JSON conditions', () => {
  const cases: [condition: JsonCondition, verdict: string][] = [
    [{ path: '$.status', equals: 'degraded' }, ok],
    [{ path: '$.status', equals: 'healthy' }, '$.status is not "healthy"'],
    [{ path: '$.count', equals: '3' }, '$.count is not "3"'],
    [{ path: '$.none', equals: null }, ok],
    [{ path: '$.database.status', oneOf: ['healthy', 'ok'] }, '$.database.status is none of ["healthy","ok"]'],
    [{ path: '$.database.status', oneOf: ['unhealthy'] }, ok],
    [{ path: '$.error', exists: false }, ok],
    [{ path: '$.status', exists: false }, '$.status is there, and should not be'],
    [{ path: '$.error', exists: true }, '$.error is missing'],
    [{ path: '$.none', exists: true }, ok],
    [{ path: '$.error', type: 'string' }, '$.error is missing'],
    [{ path: '$.items', type: 'array' }, ok],
    [{ path: '$.items', type: 'object' }, '$.items is of type array, not object'],
    [{ path: '$.none', type: 'null' }, ok],
    [{ path: '$.yes', type: 'boolean' }, ok],
    [{ path: '$.count', min: 3, max: 3 }, ok],
    [{ path: '$.count', min: 4 }, '$.count is not a number of at least 4'],
    [{ path: '$.count', max: 2 }, '$.count is not a number of at most 2'],
    [{ path: '$.total', min: 6.5, max: 6.6 }, ok],
    [{ path: '$.none', min: 0 }, '$.none is not a number of at least 0'],
    [{ path: '$.status', matches: '^deg' }, ok],
    [{ path: '$.status', matches: '^heal' }, '$.status does not match ^heal'],
    [{ path: '$.count', matches: '3' }, '$.count does not match 3'],
    [{ path: '$.items', minItems: 2, maxItems: 2 }, ok],
    [{ path: '$.items', minItems: 3 }, '$.items has not at least 3 items'],
    [{ path: '$.items', maxItems: 1 }, '$.items has not at most 1 items'],
    [{ path: '$.status', minItems: 0 }, '$.status has not at least 0 items'],
    [{ path: '$.items[*].id', min: 1 }, ok],
    [{ path: '$.items[*].id', min: 2 }, '$.items[*].id is not a number of at least 2'],
  ];
  test.each(cases)('%j: %s', async (condition, verdict) => {
    expect(await judge({ json: [condition] })).toBe(verdict === ok ? ok : `assertion: ${verdict}`);
  });

  test('of what is no JSON', async () => {
    const condition = { json: [{ path: '$', exists: true }] };
    expect(await judge(condition, { body: '<html>' })).toBe('assertion: the answer is not JSON');
    expect(await judge(condition, { body: '' })).toBe('assertion: the answer is not JSON');
  });

  test('what failed is named, and the answer never quoted: it may hold a client', async () => {
    expect(await judge({ json: [{ path: '$.client', equals: 'nobody' }] })).not.toContain('Jane');
  });
});

describe('other conditions', () => {
  const cases: [over: Partial<Expectation>, verdict: string][] = [
    [{ status: [{ min: 200, max: 299 }] }, ok],
    [{ status: [{ min: 201, max: 299 }] }, 'status: status 200, expected 201-299'],
    [
      {
        status: [
          { min: 404, max: 404 },
          { min: 410, max: 410 },
        ],
      },
      'status: status 200, expected 404, 410',
    ],
    [{ contentType: 'application/json' }, ok],
    [{ contentType: 'text/html' }, 'assertion: content type application/json, expected text/html'],
    [{ headers: { 'X-Version': { matches: '^2\\.' } } }, ok],
    [{ headers: { 'x-version': { matches: '^3' } } }, 'assertion: header x-version does not match ^3'],
    [{ headers: { etag: { matches: '.' } } }, 'assertion: header etag does not match .'],
    [{ bodyMatches: ['degr'] }, ok],
    [{ bodyMatches: ['degr', 'absent'] }, 'assertion: the body does not match absent'],
    [{ bodyNotMatches: ['absent'] }, ok],
    [{ bodyNotMatches: ['unhealthy'] }, 'assertion: the body matches unhealthy'],
    [{ minBytes: 10, maxBytes: 1000 }, ok],
    [{ minBytes: 1000 }, `assertion: ${body.length} bytes, expected at least 1000`],
    [{ maxBytes: 10 }, `assertion: ${body.length} bytes, expected at most 10`],
  ];
  test.each(cases)('%j: %s', async (over, verdict) => {
    expect(await judge(over)).toBe(verdict);
  });

  test('the portal that answers 200 although its query failed is caught by its body', async () => {
    const lie = JSON.stringify({ client_groups: [], error: 'Query timeout' });
    const conditions = [
      { path: '$.error', exists: false },
      { path: '$.client_groups', minItems: 1 },
    ];
    expect(await judge({ json: conditions }, { body: lie })).toBe('assertion: $.error is there, and should not be');
  });

  test.each([204, 301, 404, 500, 503])('status %i is not 200', async (status) => {
    expect(await judge({}, { status })).toBe(`status: status ${status}, expected 200`);
  });
});
