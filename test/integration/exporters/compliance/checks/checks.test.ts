import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { lookByAttestation } from '../../../../../exporters/compliance/checks/attestation.js';
import { lookByFreshness } from '../../../../../exporters/compliance/checks/freshness.js';
import { lookByHttp } from '../../../../../exporters/compliance/checks/http.js';
import { PrometheusClient } from '../../../../../exporters/compliance/checks/prometheus.js';
import { lookByPromql } from '../../../../../exporters/compliance/checks/promql.js';
import { lookBySql } from '../../../../../exporters/compliance/checks/sql.js';
import { WatchedDatabase } from '../../../../../exporters/compliance/evaluation/watched-database.js';
import { silentLogger } from '../../../../../exporters/runtime/log.js';
import { ReadOnlyDatabase } from '../../../../../exporters/runtime/postgres/read-only.js';
import type {
  AttestationCheck,
  FreshnessCheck,
  HttpCheck,
  SqlCheck,
} from '../../../../../pack/compliance/model/index.js';
import { SecretText } from '../../../../../pack/secrets/secret.js';
import { promqlCheck } from '../../../../support/compliance/board.js';
import { prometheusOf, serving } from '../../../../support/compliance/servers.js';
import { type BorrowedServer, borrowPostgres } from '../../../../support/postgres/borrowed.js';
import { portal } from '../../../../support/workflow/domain.js';

const now = new Date();
const context = () => ({ now, signal: AbortSignal.timeout(2000) });

describe('a PromQL check', () => {
  const alive = { aliveQuery: 'up' };
  test.each([
    ['a value', { faults: [0] }, {}, 'pass'],
    ['one of several fails', { faults: [0, 3] }, {}, 'fail'],
    ['their sum', { faults: [1, -1] }, { reduce: 'sum' }, 'pass'],
    ['no series', { faults: [] }, {}, 'unknown'],
    ['no series of a source that is alive', { faults: [], up: [1] }, { ...alive, onEmpty: 'zero' }, 'pass'],
    ['no series of a source that is dead', { faults: [], up: [0] }, { ...alive, onEmpty: 'zero' }, 'unknown'],
    ['no series of a source that nobody knows', { faults: [], up: [] }, { ...alive, onEmpty: 'zero' }, 'unknown'],
    ['no series, and nothing shows that the source is alive', { faults: [] }, { onEmpty: 'zero' }, 'unknown'],
    ['a value of a source that is dead', { faults: [0], up: [1, 0] }, alive, 'unknown'],
    ['some series are missing', { faults: [0] }, { minSeries: 2 }, 'unknown'],
    ['not a number', { faults: ['NaN'] }, {}, 'unknown'],
    ['one of several is not a number', { faults: [0, 'NaN'] }, { reduce: 'count' }, 'unknown'],
    ['without an end', { faults: ['+Inf'] }, {}, 'unknown'],
    [
      'a query error',
      { faults: { status: 'error', errorType: 'execution', error: 'too many samples' } },
      {},
      'unknown',
    ],
    [
      'a warning',
      { faults: { status: 'success', warnings: ['partial'], data: { resultType: 'vector', result: [] } } },
      {},
      'unknown',
    ],
    ['a scalar', { faults: { status: 'success', data: { resultType: 'scalar', result: [1, '0'] } } }, {}, 'pass'],
    [
      'a native histogram',
      { faults: { status: 'success', data: { resultType: 'vector', result: [{ metric: {}, histogram: [1, {}] }] } } },
      {},
      'unknown',
    ],
    ['a range', { faults: { status: 'success', data: { resultType: 'matrix', result: [] } } }, {}, 'unknown'],
    ['another document', { faults: { hello: 1 } }, {}, 'unknown'],
  ] as const)('%s', async (_what, answers, change, outcome) => {
    const prometheus = new PrometheusClient({ url: await prometheusOf(() => answers) });
    expect((await lookByPromql(promqlCheck(change), { prometheus })(context())).outcome).toBe(outcome);
  });

  test('is unknown without Prometheus, with one that is gone, that hangs, and that answers no JSON', async () => {
    const look = async (url: string, signal = context().signal) =>
      await lookByPromql(promqlCheck(), { prometheus: new PrometheusClient({ url }) })({ now, signal });
    expect(await lookByPromql(promqlCheck(), { prometheus: undefined })(context())).toMatchObject({
      reason: /names no Prometheus/,
    });
    expect(await look('http://127.0.0.1:1')).toMatchObject({
      outcome: 'unknown',
      reason: expect.stringContaining('ECONNREFUSED'),
    });
    const hangs = await prometheusOf(() => ({ faults: undefined }));
    expect(await look(hangs, AbortSignal.timeout(50))).toMatchObject({ outcome: 'unknown' });
    const html = await serving((_request, response) => response.end('<html>'));
    expect(await look(html)).toMatchObject({ outcome: 'unknown', reason: expect.stringContaining('no JSON') });
  });

  test('asks once for the same query, with the credentials that it has', async () => {
    const asked: (string | undefined)[] = [];
    const url = await serving((request, response) => {
      asked.push(request.headers.authorization);
      response.setHeader('content-type', 'application/json');
      response.end(JSON.stringify({ status: 'success', data: { resultType: 'vector', result: [] } }));
    });
    const prometheus = new PrometheusClient({
      url,
      username: SecretText.literal('ann'),
      password: SecretText.literal('pw'),
    });
    await Promise.all([1, 2, 3].map(() => lookByPromql(promqlCheck(), { prometheus })(context())));
    expect(asked).toEqual([`Basic ${Buffer.from('ann:pw').toString('base64')}`]);
  });
});

describe('checks of a database', () => {
  let server: BorrowedServer;
  let database: ReadOnlyDatabase;
  beforeAll(async () => {
    server = await borrowPostgres();
    const url = SecretText.literal(server.adminUrl);
    database = new ReadOnlyDatabase(
      { url, statementTimeoutMs: 500, maxConnections: 2 },
      { application: 'test', log: silentLogger },
    );
  });
  afterAll(async () => {
    await database.close();
    await server.close();
  });
  const needs = () => ({
    prometheus: undefined,
    databases: new Map<string, ReadOnlyDatabase | string>([
      ['portal', database],
      ['off', 'it is not connected'],
    ]),
  });

  test('a query that fails does not say that the database cannot be reached', async () => {
    const watched = new WatchedDatabase(database);
    expect(watched.isUp).toBeUndefined();
    const failing = watched.read(AbortSignal.timeout(5000), (session) => session.query('select nonsense'));
    await expect(failing).rejects.toThrow('nonsense');
    expect(watched.isUp).toBe(true);
  });

  const sql = (query: string, change: Partial<SqlCheck> = {}): SqlCheck => ({
    kind: 'sql',
    name: 'one',
    title: 'One',
    unit: 'count',
    failsAfterMs: 0,
    database: 'portal',
    query,
    expect: { operator: '==', limit: 0 },
    ...change,
  });

  test.each([
    ['select 0 as value', 'pass'],
    ['select count(*) as value from generate_series(1, 3)', 'fail'],
    ['select false as value', 'pass'],
    ["select 0 as value, now() - interval '1 hour' as as_of", 'pass'],
    ['select 0 as value, localtimestamp as as_of', 'unknown'],
    ['select count(*) as value, max(n) as as_of from (select null::timestamptz as n where false) as t', 'unknown'],
    ['select null as value', 'unknown'],
    ['select 0 as amount', 'unknown'],
    ['select 0 as value where false', 'unknown'],
    ['select 0 as value from generate_series(1, 2)', 'unknown'],
    ["select 'x' as value", 'unknown'],
    ["select 'NaN'::numeric as value", 'unknown'],
    ['select 1 / 0 as value', 'unknown'],
    ['select count(*) as value from compliance.disposals', 'unknown'],
    ['select pg_sleep(5) is null as value', 'unknown'],
    ['select nonsense', 'unknown'],
    ['create table t (a int)', 'unknown'],
  ])('%s: %s', async (query, outcome) => {
    expect(await lookBySql(sql(query), needs())(context())).toMatchObject({ outcome });
  });

  test('compares amounts with all their digits', async () => {
    const query = 'select 10000000000000001::numeric - 10000000000000000 as value';
    expect(await lookBySql(sql(query), needs())(context())).toMatchObject({ outcome: 'fail', seen: { value: '1' } });
    const large = sql('select 10000000000000001::numeric as value', { expect: { operator: '<=', limit: 1e16 } });
    expect(await lookBySql(large, needs())(context())).toMatchObject({
      outcome: 'fail',
      seen: { value: '10000000000000001' },
    });
  });

  test('says what is missing, and quotes no value', async () => {
    const reason = async (query: string, change = {}) => {
      const found = await lookBySql(sql(query, change), needs())(context());
      return found.outcome === 'pass' ? undefined : found.reason;
    };
    expect(await reason('select count(*) as value from compliance.disposals')).toContain(
      'relation "compliance.disposals" does not exist',
    );
    expect(await reason(`select 'Ann Smith'::int as value`)).toBe('the query failed in the database');
    expect(await reason('select 0 as value', { database: 'none' })).toBe('the board names no database none');
    expect(await reason('select 0 as value', { database: 'off' })).toBe('it is not connected');
  });

  test.each([
    ["select now() - interval '10 seconds' as value", 'pass'],
    ["select now() - interval '90 seconds' as value", 'at_risk'],
    ["select now() - interval '2 hours' as value", 'fail'],
    ["select now() + interval '2 hours' as value", 'unknown'],
    ['select localtimestamp as value', 'unknown'],
    ['select null as value', 'unknown'],
  ])('freshness: %s is %s', async (query, outcome) => {
    const check: FreshnessCheck = {
      kind: 'freshness',
      name: 'one',
      title: 'One',
      unit: 'seconds',
      failsAfterMs: 0,
      maxAgeSeconds: 3600,
      warnAgeSeconds: 60,
      source: { kind: 'sql', database: 'portal', query },
    };
    expect(await lookByFreshness(check, needs())(context())).toMatchObject({ outcome });
  });
});

describe('a check of freshness by PromQL', () => {
  test.each([
    [[Date.now() / 1000 - 10], 'pass'],
    [[Date.now() / 1000 - 10, Date.now() / 1000 - 7200], 'fail'],
    [[0], 'unknown'],
    [[], 'unknown'],
    [['NaN'], 'unknown'],
    [[Date.now() / 1000 + 7200], 'unknown'],
  ])('%j: %s', async (values, outcome) => {
    const prometheus = new PrometheusClient({ url: await prometheusOf(() => ({ at: values })) });
    const check: FreshnessCheck = {
      kind: 'freshness',
      name: 'one',
      title: 'One',
      unit: 'seconds',
      failsAfterMs: 0,
      maxAgeSeconds: 3600,
      source: { kind: 'promql', query: 'at' },
    };
    expect(await lookByFreshness(check, { prometheus, databases: new Map() })(context())).toMatchObject({ outcome });
  });
});

describe('a check of a path of the portal', () => {
  const check = (change: Partial<HttpCheck> = {}): HttpCheck => ({
    kind: 'http',
    name: 'one',
    title: 'One',
    unit: 'boolean',
    failsAfterMs: 0,
    path: '/api/health',
    status: 200,
    expect: { operator: '==', limit: 1 },
    ...change,
  });
  const answering = (status: number, body: string) =>
    serving((_request, response) => {
      response.statusCode = status;
      response.end(body);
    });

  test.each([
    [200, '', {}, 'pass'],
    [500, '', {}, 'fail'],
    [200, '{"mfa": true}', { json: '$.mfa' }, 'pass'],
    [200, '{"mfa": false}', { json: '$.mfa' }, 'fail'],
    [200, '{"users": [1, 2]}', { json: '$.users[*]' }, 'unknown'],
    [200, '{}', { json: '$.mfa' }, 'unknown'],
    [200, 'no JSON', { json: '$.mfa' }, 'unknown'],
    [503, '{"mfa": true}', { json: '$.mfa' }, 'unknown'],
  ])('%s %s %j: %s', async (status, body, change, outcome) => {
    const found = await lookByHttp(check(change), { portal: portal(await answering(status, body)) })(context());
    expect(found).toMatchObject({ outcome });
  });

  test('is not sent where the portal forbids it, and unknown where nobody answers', async () => {
    const asked = lookByHttp(check(), { portal: portal('http://127.0.0.1:1', { neverProbe: ['/api/**'] }) });
    expect(await asked(context())).toMatchObject({ outcome: 'unknown', reason: /neverProbe/ });
    expect(await lookByHttp(check(), { portal: portal('http://127.0.0.1:1') })(context())).toMatchObject({
      outcome: 'unknown',
    });
  });
});

describe('an attestation', () => {
  const check: AttestationCheck = {
    kind: 'attestation',
    name: 'one',
    title: 'One',
    unit: 'days',
    failsAfterMs: 0,
    everyMonths: 12,
    leadDays: 30,
  };
  const stated = {
    control: 'AUD-02',
    check: 'one',
    statedBy: 'compliance officer',
    outcome: 'met',
    explanation: 'e',
  } as const;
  const at = (statedOn: string[], today: string, outcome: 'met' | 'not_met' = 'met') =>
    lookByAttestation(check, {
      control: { id: 'AUD-02' },
      attestations: statedOn.map((day) => ({ ...stated, outcome, statedOn: day })),
      timeZone: 'Europe/London',
    })({ signal: context().signal, now: new Date(`${today}T12:00:00Z`) });

  test.each([
    [[], '2026-03-01', 'unknown'],
    [['2026-03-02'], '2026-03-01', 'unknown'],
    [['2025-03-02'], '2026-02-01', 'at_risk'],
    [['2025-03-02'], '2026-03-02', 'at_risk'],
    [['2025-03-02'], '2026-03-03', 'unknown'],
    [['2024-03-02', '2026-02-01'], '2026-03-03', 'pass'],
  ])('stated on %j is %s on %s', async (days, today, outcome) => {
    expect(await at(days, today)).toMatchObject({ outcome });
  });

  test('that says not met is a failure while it holds', async () => {
    expect(await at(['2026-02-01'], '2026-03-01', 'not_met')).toMatchObject({ outcome: 'fail' });
    expect(await at(['2024-02-01'], '2026-03-01', 'not_met')).toMatchObject({ outcome: 'unknown' });
  });
});
