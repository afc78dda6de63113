import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { chmod, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { request as httpRequest } from 'node:http';
import { request as httpsRequest } from 'node:https';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { setTimeout as sleep } from 'node:timers/promises';
import type { TLSSocket } from 'node:tls';
import { promisify } from 'node:util';
import pg from 'pg';
import { afterAll, afterEach, beforeAll, describe, expect, it, onTestFinished } from 'vitest';
import { z } from 'zod';
import { type DemoPortal, type RuleInput, seed, startPortal } from '../../demo/portal/index.js';
import { demoDatabase, type PostgresServer, startPostgres } from '../../demo/postgres/index.js';

const PROBE_PASSWORD = 'correct horse';
/** For tests that log in, and not to see what that costs. */
const CHEAP = 4;
const LIST = '/api/client_groups/bulk_client_data_optimized';

let server: PostgresServer;
let portal: DemoPortal;

beforeAll(async () => {
  server = await startPostgres();
  portal = await startPortal({
    databaseUrl: server.url,
    probePassword: PROBE_PASSWORD,
    passwordCost: CHEAP,
    databaseControl: { stop: () => server.stop('fast'), start: () => server.start() },
  });
}, 60_000);

afterAll(async () => {
  await portal?.close();
  await server?.close();
});

interface Reply {
  readonly status: number;
  readonly headers: Headers;
  readonly text: string;
  readonly json: () => unknown;
  readonly ms: number;
}

async function ask(path: string, init: RequestInit = {}, base = portal.url): Promise<Reply> {
  const startedAt = performance.now();
  const res = await fetch(`${base}${path}`, { redirect: 'manual', ...init });
  const text = await res.text();
  const ms = performance.now() - startedAt;
  return { status: res.status, headers: res.headers, text, json: () => JSON.parse(text), ms };
}

async function query(text: string, values: unknown[] = [], url = server.adminUrl): Promise<Record<string, unknown>[]> {
  const client = new pg.Client(url);
  await client.connect();
  try {
    return (await client.query<Record<string, unknown>>(text, values)).rows;
  } finally {
    await client.end();
  }
}

const post = (body: unknown): RequestInit => ({
  method: 'POST',
  headers: { 'content-type': 'application/json' },
  body: JSON.stringify(body),
});

const logIn = (password = PROBE_PASSWORD, email = 'probe@kingston.example') =>
  ask('/api/auth/login', post({ email, password }));

function cookieOf(reply: Reply, name: string): string {
  const line = reply.headers.getSetCookie().find((cookie) => cookie.startsWith(`${name}=`)) ?? '';
  return line.slice(name.length + 1, line.indexOf(';'));
}

async function admin(method: string, path: string, body?: unknown, headers: Record<string, string> = {}) {
  const init = body === undefined ? {} : { body: JSON.stringify(body) };
  return ask(path, { method, headers: { 'content-type': 'application/json', ...headers }, ...init }, portal.adminUrl);
}

const some = z.unknown();
const listShape = z.object({
  client_groups: z.array(
    z.looseObject({ id: z.number(), name: z.string(), products: z.array(some), fum: z.literal(0) }),
  ),
  total_fum: z.literal(0),
  error: z.string().optional(),
  metadata: z.looseObject({ data_source: z.string(), query_time: z.string(), cache_eligible: z.boolean() }),
});

describe('the database it runs on', () => {
  it('is a PostgreSQL 17 on loopback with the 22 tables, plain views and no trigger', async () => {
    const [found] = await query(`
      select current_setting('server_version_num')::int / 10000 as version,
        current_setting('listen_addresses') as addresses, current_setting('server_encoding') as encoding,
        (select count(*)::int from pg_class where relkind = 'r' and relnamespace = 'public'::regnamespace) as tables,
        (select count(*)::int from pg_class where relkind = 'm') as materialized,
        (select count(*)::int from pg_trigger where not tgisinternal) as triggers,
        (select count(*)::int from client_groups) as groups`);
    expect(found).toEqual({
      version: 17,
      addresses: '127.0.0.1',
      encoding: 'UTF8',
      tables: 22,
      materialized: 0,
      triggers: 0,
      groups: 130,
    });
  });

  it('has the same rows on every machine', async () => {
    const [found] = await query(`
      select md5(string_agg(v::text, '|' order by id)) as valuations from portfolio_fund_valuations v`);
    expect(found).toMatchInlineSnapshot(`
      {
        "valuations": "825d5a20c9349c582354fc9169f136b5",
      }
    `);
  });

  it('is filled in proportion to the scale, once, and never over foreign tables', async () => {
    await query('create database scaled');
    await query('create database foreign_data');
    const client = new pg.Client(server.adminUrl.replace('/kingstons_portal', '/scaled'));
    await client.connect();
    await seed(client, { scale: 3 });
    await seed(client, { scale: 3 });
    await expect(seed(client, { scale: 1 })).rejects.toThrow(/scale 3.*empty database for scale 1/);
    const { rows } = await client.query('select count(*)::int as groups from client_groups');
    expect(rows).toEqual([{ groups: 390 }]);
    await client.end();
    const foreign = server.adminUrl.replace('/kingstons_portal', '/foreign_data');
    await query('create table profiles (id int)', [], foreign);
    await expect(startPortal({ databaseUrl: foreign })).rejects.toThrow(/never overwrites/);
    await query('drop database scaled');
    await query('drop database foreign_data');
  });
});

describe('choosing a database', () => {
  it('takes the one it is given and starts none', async () => {
    const given = await demoDatabase({ databaseUrl: server.url });
    expect([given.url, given.server]).toEqual([server.url, undefined]);
    await given.close();
    expect(await query('select 1 as up')).toEqual([{ up: 1 }]);
  });

  it('says what to do about one it cannot reach, without its password', async () => {
    const refused = demoDatabase({ databaseUrl: 'postgresql://user:hunter2@127.0.0.1:1/portal' });
    await expect(refused).rejects.toThrow(/127\.0\.0\.1:1\/portal cannot be used.*Correct DATABASE_URL/);
    await expect(refused).rejects.not.toThrow(/hunter2/);
  });

  it('keeps a data directory it was given, and takes none that is somebody else’s', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'kop-test-'));
    await chmod(folder, 0o755);
    try {
      const first = await startPostgres({ dataDir: join(folder, 'kept') });
      await query('create table kept ()', [], first.adminUrl);
      await first.close();
      const second = await startPostgres({ dataDir: join(folder, 'kept') });
      expect(await query("select to_regclass('kept') is not null as kept", [], second.adminUrl)).toEqual([
        { kept: true },
      ]);
      await second.close();
      await writeFile(join(folder, 'letter.txt'), 'private');
      await expect(startPostgres({ dataDir: folder })).rejects.toThrow(/did not put there.*empty folder/);
    } finally {
      await rm(folder, { recursive: true, force: true });
    }
  });

  it.skipIf(process.getuid?.() !== 0)('as root, says so when the other user cannot reach the folder', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'kop-test-'));
    await expect(startPostgres({ dataDir: join(folder, 'closed') })).rejects.toThrow(
      /cannot enter.*everyone may enter/,
    );
    await rm(folder, { recursive: true, force: true });
  });

  it('names the port that is taken', async () => {
    await expect(startPostgres({ port: server.port })).rejects.toThrow(/is taken.*another port/);
  });
});

describe('answers of a healthy portal', () => {
  it.each([
    [LIST, listShape],
    [
      '/api/health',
      z.looseObject({
        status: z.literal('healthy'),
        database: z.looseObject({
          status: z.literal('healthy'),
          pool_size: z.number(),
          idle_connections: z.number(),
          active_connections: z.number(),
        }),
        system: z.looseObject({ cpu_count: z.number() }),
        api: z.looseObject({ total_routes: z.number() }),
      }),
    ],
    [
      '/api/system/health',
      z.looseObject({
        status: z.literal('degraded'),
        database_connectivity: z.literal('ok'),
        sequence_health: z.literal('warning'),
        response_time_ms: z.number(),
      }),
    ],
    [
      '/api/system/sequence-health',
      z.looseObject({
        overall_health: z.literal(false),
        sequences: z.array(z.looseObject({ is_healthy: z.boolean(), gap: z.number() })).length(4),
      }),
    ],
    [
      '/api/system/bulk-operation-stats?days=30',
      z.looseObject({ summary: z.looseObject({ total_activity_records: z.number() }) }),
    ],
    ['/api/client_groups?limit=3', z.array(z.looseObject({ created_at: z.string().endsWith('Z') })).length(3)],
    [
      '/api/client_groups/1/complete',
      z.looseObject({
        client_group: z.looseObject({ id: z.literal(1) }),
        products: z.array(some).length(4),
        total_products: z.literal(4),
        performance_stats: z.looseObject({ queries_executed: z.number(), funds_processed: z.literal(24) }),
      }),
    ],
    [
      '/api/client_groups/bulk_client_data',
      z.looseObject({
        client_groups: z.array(z.looseObject({ created_at: z.string().endsWith('+00:00') })).length(130),
        total_count: z.literal(130),
        total_fum: z.number(),
      }),
    ],
    [
      '/api/client_products/1/complete',
      z.looseObject({
        summary: z.object({ total_value: z.number(), irr_weighted: z.string().regex(/^-?\d+\.\d+$/) }),
        portfolio_funds: z.array(some).length(6),
      }),
    ],
    [
      '/api/portfolios/1/complete',
      z.looseObject({
        portfolio: some,
        template_info: some,
        portfolio_funds: z.array(z.looseObject({ irr_result: z.string() })),
        valuations_map: z.record(z.string(), some),
        irr_map: z.record(z.string(), some),
      }),
    ],
    ['/api/portfolios?limit=2', z.array(some).length(2)],
    [
      '/api/analytics/dashboard-fast?fund_limit=10&provider_limit=10&template_limit=10',
      z.looseObject({
        optimized: z.literal(true),
        phase: z.literal('ultra-fast'),
        calculation_time: z.number(),
        metrics: z.looseObject({ totalFUM: z.number().positive(), totalActiveHoldings: z.literal(0) }),
        distributions: z.object({
          funds: z.array(some).length(10),
          providers: z.array(some).length(10),
          templates: z.array(some).length(10),
        }),
        revenue: z.looseObject({ total_annual_revenue: z.number().positive() }),
        cache_info: z.looseObject({ last_irr_calculation: z.string() }),
      }),
    ],
    [
      '/api/analytics/dashboard_all',
      z.looseObject({
        metrics: z.looseObject({ totalFUM: z.number().positive() }),
        funds: z.array(some),
        providers: z.array(some),
        templates: z.array(some),
        performance: z.looseObject({ optimization_stats: some }),
      }),
    ],
    [
      '/api/analytics/irr-status',
      z.looseObject({ cache_exists: z.literal(true), cache_fresh: z.literal(true), cache_duration: z.literal(86_400) }),
    ],
    [
      '/api/analytics/client/999999/irr',
      z.object({ client_id: z.literal(999_999), irr: z.literal(0), product_count: z.literal(0) }),
    ],
    ['/api/analytics/performance_data', z.looseObject({ performanceData: z.array(some).length(10) })],
    [
      '/api/search?query=fern&limit=5',
      z.looseObject({
        query: z.literal('fern'),
        total_results: z.literal(5),
        results: z.array(z.looseObject({ entity_type: z.string(), relevance_score: z.number() })),
      }),
    ],
    ['/api/products_display', z.array(z.looseObject({ product_id: z.number(), total_value: z.number() }))],
    ['/api/funds', z.array(z.looseObject({ isin_number: z.string().startsWith('XX') })).length(60)],
    ['/api/available_providers', z.array(some).length(12)],
    ['/api/available_portfolios/bulk-with-counts', z.array(z.looseObject({ generations: z.array(some) })).length(8)],
    ['/api/product_owners', z.array(some).length(260)],
    ['/api/revenue/company', z.tuple([z.looseObject({ total_annual_revenue: z.number().positive() })])],
    ['/api/revenue/optimized', z.array(z.looseObject({ revenue_status: z.string() }))],
    [
      '/openapi.json',
      z.looseObject({ paths: z.looseObject({ '/api/health': some }), components: z.undefined().optional() }),
    ],
  ])('GET %s', async (path, shape) => {
    const reply = await ask(path);
    expect(reply.status).toBe(200);
    expect(reply.headers.get('content-type')).toBe('application/json');
    shape.parse(reply.json());
  });

  it('a list of about 40 kB, a bulk of about 220 kB, and two dashboards that never agree', async () => {
    expect((await ask(LIST)).text.length / 1_000).toSatisfy((kb: number) => kb > 35 && kb < 50);
    expect((await ask('/api/client_groups/bulk_client_data')).text.length / 1_000).toSatisfy(
      (kb: number) => kb > 190 && kb < 260,
    );
    const total = z.looseObject({ metrics: z.looseObject({ totalFUM: z.number() }) });
    const fast = total.parse((await ask('/api/analytics/dashboard-fast')).json());
    const all = total.parse((await ask('/api/analytics/dashboard_all')).json());
    expect(fast.metrics.totalFUM).not.toBeCloseTo(all.metrics.totalFUM, 0);
  });

  it.each([
    ['GET', '/api/portfolios/with-template', 500, /^Internal Server Error$/],
    ['GET', '/api/portfolio-funds/irr-cache/stats', 500, /detail/],
    ['GET', '/api/analytics/product_client_counts', 500, /relationship/],
    ['GET', '/api/client_products/1/revenue', 500, /^Internal Server Error$/],
    ['GET', '/api/search', 422, /Field required/],
    ['GET', '/api/client_groups/abc/complete', 422, /int_parsing/],
    ['GET', '/api/client_groups?limit=0', 422, /greater_than_equal/],
    ['GET', '/api/client_groups/999999/complete', 404, /999999 not found/],
    ['GET', '/api/client_products/999999/complete', 404, /not found/],
    ['GET', '/api/portfolios/999999/complete', 404, /Portfolio not found/],
    ['GET', '/health', 404, /^{"detail":"Not Found"}$/],
    ['GET', '/api/clients', 404, /^{"detail":"Not Found"}$/],
    ['GET', '/api/metrics', 404, /^{"detail":"Not Found"}$/],
    ['GET', '/api/auth/health', 404, /^{"detail":"Not Found"}$/],
    ['GET', '/api/bulk_client_data', 404, /^{"detail":"Not Found"}$/],
    ['GET', '/api/dashboard/summary', 404, /^{"detail":"Not Found"}$/],
    ['POST', '/auth/login', 404, /^{"detail":"Not Found"}$/],
    ['POST', '/api/health', 405, /^{"detail":"Method Not Allowed"}$/],
    ['OPTIONS', '/api/health', 405, /^{"detail":"Method Not Allowed"}$/],
    ['HEAD', '/api/health', 405, /^$/],
    ['GET', '/api/advisors', 401, /Not authenticated/],
    ['GET', '/api/presence/clients', 401, /Not authenticated/],
  ])('%s %s is %i', async (method, path, status, body) => {
    const reply = await ask(path, { method });
    expect(reply.status).toBe(status);
    expect(reply.text).toMatch(body);
  });

  it('a slash too many is a 307 to the full address, query kept', async () => {
    const reply = await ask('/api/client_groups/?limit=1');
    expect(reply.status).toBe(307);
    expect(reply.headers.get('location')).toBe(`${portal.url}/api/client_groups?limit=1`);
    expect(reply.text).toBe('');
  });

  it('a GET writes, and the bulk write writes', async () => {
    const before = await query('select xmin::text from portfolio_irr_values where portfolio_id = 1 order by id');
    expect((await ask('/api/client_products/1/irr')).status).toBe(200);
    expect(await query('select xmin::text from portfolio_irr_values where portfolio_id = 1 order by id')).not.toEqual(
      before,
    );
    const activity = {
      portfolio_fund_id: 1,
      product_id: 1,
      activity_type: 'Investment',
      activity_timestamp: '2025-10-01T00:00:00Z',
      amount: 12.5,
    };
    const reply = await ask('/api/holding_activity_logs/bulk', post([activity]));
    expect(reply.json()).toMatchObject([
      { product_id: 1, amount: '12.50', activity_timestamp: '2025-10-01T00:00:00Z' },
    ]);
    expect((await ask('/api/holding_activity_logs/bulk', post([{ amount: 1 }]))).status).toBe(422);
  });

  it('analytics dashboards side by side get slower, as on two cores', async () => {
    const alone = await ask('/api/analytics/dashboard-fast');
    const together = await Promise.all(Array.from({ length: 6 }, () => ask('/api/analytics/dashboard-fast')));
    const slowest = Math.max(...together.map((reply) => reply.ms));
    expect(alone.ms).toBeGreaterThan(290);
    expect(alone.ms).toBeLessThan(1_000);
    expect(slowest).toBeGreaterThan(alone.ms * 2);
  });

  it('with a cold cache the home dashboard stalls every route', async () => {
    await ask('/api/analytics/cache/reset', { method: 'POST' });
    expect((await ask('/api/analytics/irr-status')).json()).toMatchObject({ cache_exists: false, cached_irr: null });
    const pauseMs = await longestPause(() => ask('/api/analytics/dashboard_all'));
    expect(pauseMs).toBeGreaterThan(1_400);
    expect((await ask('/api/analytics/dashboard_all')).ms).toBeLessThan(600);
  });
});

describe('sign-in', () => {
  it('gives cookies and an empty token, leaves a session row, and updates last_login', async () => {
    const [before] = await query('select count(*)::int as sessions from session');
    const reply = await logIn();
    expect(reply.json()).toMatchObject({
      message: 'Login successful',
      access_token: '',
      token_type: 'bearer',
      user: { email: 'probe@kingston.example' },
    });
    const cookies = reply.headers.getSetCookie();
    expect(cookies).toHaveLength(2);
    expect(cookies[0]).toMatch(/^session_id=[\w-]{36}; HttpOnly; Max-Age=604800; Path=\/; SameSite=lax$/);
    expect(cookies[1]).toMatch(/^access_token=[\w-]+\.[\w-]+\.[\w-]+; HttpOnly; Max-Age=86400; Path=\/; SameSite=lax$/);
    const claims: unknown = JSON.parse(
      Buffer.from(cookieOf(reply, 'access_token').split('.')[1] ?? '', 'base64url').toString(),
    );
    expect(claims).toEqual({ sub: '1', exp: expect.closeTo(Date.now() / 1_000 + 86_400, -2) });
    const [after] = await query(
      `select (select count(*)::int from session) as sessions, last_login from authentication where profiles_id = 1`,
    );
    expect(after?.sessions).toBe(Number(before?.sessions) + 1);
    expect(Date.now() - Date.parse(`${after?.last_login}Z`)).toBeLessThan(60_000);
  });

  it('the token serves as cookie or Bearer, not as bearer, not altered, and still after logout', async () => {
    const login = await logIn();
    const token = cookieOf(login, 'access_token');
    const session = cookieOf(login, 'session_id');
    const me = (headers: Record<string, string>) => ask('/api/auth/me', { headers });
    expect((await me({ cookie: `access_token=${token}` })).json()).toMatchObject({
      id: 1,
      email: 'probe@kingston.example',
    });
    expect((await me({ authorization: `Bearer ${token}` })).status).toBe(200);
    expect((await me({ authorization: `bearer ${token}` })).status).toBe(401);
    expect((await me({ authorization: `Bearer ${token.slice(0, -2)}xx` })).status).toBe(401);
    expect((await me({ cookie: `session_id=${session}` })).status).toBe(401);
    const none = await me({});
    expect([none.status, none.text, none.headers.get('www-authenticate')]).toEqual([
      401,
      '{"detail":"Not authenticated"}',
      'Bearer',
    ]);

    const logout = await ask('/api/auth/logout', { method: 'POST', headers: { cookie: `session_id=${session}` } });
    expect(logout.json()).toEqual({ message: 'Logout successful' });
    expect(logout.headers.getSetCookie().every((line) => line.includes('Max-Age=0'))).toBe(true);
    expect(await query('select 1 from session where session_id = $1', [session])).toEqual([]);
    expect((await me({ authorization: `Bearer ${token}` })).status).toBe(200);
  });

  it('a wrong password costs a comparison that blocks everyone, an unknown mail nothing', async () => {
    // As any portal starts that is not told to be cheap.
    const dear = await startPortal({ databaseUrl: server.url, probePassword: PROBE_PASSWORD });
    onTestFinished(() => dear.close());
    let refused = await logIn('wrong');
    const pauseMs = await longestPause(async () => {
      refused = await logIn('wrong');
    });
    const unknown = await logIn('wrong', 'nobody@kingston.example');
    expect([refused.status, unknown.status]).toEqual([401, 401]);
    expect(refused.text).toBe(unknown.text);
    expect(refused.ms).toBeGreaterThan(100);
    expect(unknown.ms).toBeLessThan(100);
    expect(pauseMs).toBeGreaterThan(100);
  });

  it.each([
    ['username', post({ username: 'probe', password: 'hunter2' })],
    ['a form', { method: 'POST', body: new URLSearchParams({ email: 'a@b.example', password: 'hunter2' }) }],
    ['no password', post({ email: 'hunter2' })],
  ])('%s is 422 and echoes what was sent', async (_name, init) => {
    const reply = await ask('/api/auth/login', init);
    expect(reply.status).toBe(422);
    expect(reply.text).toContain('hunter2');
  });

  it('presence asks who you are', async () => {
    const headers = { authorization: `Bearer ${cookieOf(await logIn(), 'access_token')}` };
    await ask('/api/presence/clients/enter', { method: 'POST', headers });
    expect((await ask('/api/presence/clients', { headers })).json()).toMatchObject({ users: [{ user_id: 1 }] });
    await ask('/api/presence/clients/exit', { method: 'DELETE', headers });
    expect((await ask('/api/presence/clients', { headers })).json()).toEqual({ users: [] });
    expect((await ask('/api/advisors', { headers })).status).toBe(200);
  });
});

describe('faults', () => {
  afterEach(async () => {
    await portal.scenarios.stop();
    await portal.faults.clear();
    expect((await ask('/api/health')).json()).toMatchObject({ status: 'healthy' });
    expect(listShape.parse((await ask(LIST)).json())).not.toHaveProperty('error');
  });

  const set = (rule: RuleInput) => portal.faults.set(rule);

  it.each(['owned server', 'way to the server lost'])('database down (%s)', async (how) => {
    const other =
      how === 'owned server'
        ? undefined
        : await startPortal({ databaseUrl: server.url, probePassword: PROBE_PASSWORD, passwordCost: CHEAP });
    const { url, faults } = other ?? portal;
    try {
      await faults.set({ id: 'down', kind: 'database_down' });
      if (!other) {
        await expect(query('select 1')).rejects.toThrow(/ECONNREFUSED/);
      }
      const health = await ask('/api/health', {}, url);
      expect(health.status).toBe(200);
      expect(health.json()).toMatchObject({ status: 'degraded', database: { status: 'unhealthy' } });
      for (const path of [
        LIST,
        '/api/auth/me',
        '/api/client_groups',
        '/api/system/health',
        '/api/analytics/dashboard-fast',
      ]) {
        const reply = await ask(path, {}, url);
        expect([path, reply.status, reply.headers.get('content-type'), reply.text]).toEqual([
          path,
          500,
          'text/plain; charset=utf-8',
          'Internal Server Error',
        ]);
      }
      expect((await ask('/api/analytics/irr-status', {}, url)).status).toBe(200);
      await faults.clear(['down']);
      expect((await ask(LIST, {}, url)).status).toBe(200);
      expect((await ask('/api/health', {}, url)).json()).toMatchObject({ status: 'healthy' });
    } finally {
      await other?.close();
    }
  });

  it('a database killed under a running query: that request fails, the portal lives and recovers', async () => {
    const running = ask('/api/analytics/performance_data');
    await sleep(50);
    await server.kill();
    expect([200, 500]).toContain((await running).status);
    expect((await ask('/api/health')).json()).toMatchObject({ status: 'degraded' });
    await server.start();
    expect((await ask('/api/client_groups?limit=1')).status).toBe(200);
  });

  it('table locked: the list gives up with status 200 after exactly 10 s, others wait, health is healthy', async () => {
    await set({ id: 'lock', kind: 'table_lock', params: { table: 'client_groups' } });
    const waiting = ask('/api/client_groups?limit=1');
    const list = ask(LIST);
    expect((await ask('/api/health')).json()).toMatchObject({ status: 'healthy' });
    const reply = await list;
    expect(reply.status).toBe(200);
    expect(listShape.parse(reply.json())).toMatchObject({
      client_groups: [],
      error: 'Query timeout - system under heavy load',
      metadata: { cache_eligible: false },
    });
    expect(reply.ms).toBeGreaterThan(9_900);
    expect(reply.ms).toBeLessThan(11_000);
    await portal.faults.clear(['lock']);
    const waited = await waiting;
    expect([waited.status, waited.ms > 9_900]).toEqual([200, true]);
  }, 20_000);

  it('pool used up by abandoned requests: health gives no answer until the queries end', async () => {
    await set({ id: 'lock', kind: 'table_lock', params: { table: 'client_groups' } });
    const abandoned = Array.from({ length: 20 }, () => ask('/api/client_groups', { signal: AbortSignal.timeout(300) }));
    expect((await Promise.allSettled(abandoned)).every((result) => result.status === 'rejected')).toBe(true);
    await expect(ask('/api/health', { signal: AbortSignal.timeout(700) })).rejects.toThrow(/timeout/);
    await portal.faults.clear(['lock']);
    expect((await ask('/api/health')).json()).toMatchObject({ status: 'healthy' });
  });

  it.each([
    ['client_groups', LIST, 200, /"client_groups":\[\].*"error":"Failed to fetch optimized client data: relation/],
    ['client_groups', '/api/client_groups', 500, /Database error/],
    ['client_groups', '/api/analytics/dashboard-fast', 500, /analytics_dashboard_summary/],
    ['company_revenue_analytics', '/api/analytics/dashboard-fast', 200, /"revenue":{"total_annual_revenue":0/],
    ['available_funds', '/api/search?query=fern', 500, /Search failed/],
    ['holding_activity_log', '/api/system/health', 200, /"status":"error"/],
  ])('without %s, %s is %i', async (table, path, status, body) => {
    await set({ id: 'gone', kind: 'table_missing', params: { table } });
    expect(await query('select to_regclass($1) as found', [table])).toEqual([{ found: null }]);
    const reply = await ask(path);
    expect([reply.status, reply.text]).toEqual([status, expect.stringMatching(body)]);
    expect((await ask('/api/health')).json()).toMatchObject({ status: 'healthy' });
    await portal.faults.clear(['gone']);
    expect((await ask(path)).status).toBe(200);
    expect(await query("select relname from pg_class where relname like '%kop_missing'")).toEqual([]);
  });

  it('a table left missing by a killed demo comes back at the next start', async () => {
    await query('alter table client_groups rename to client_groups__kop_missing');
    const next = await startPortal({ databaseUrl: server.url, probePassword: PROBE_PASSWORD, passwordCost: CHEAP });
    expect(listShape.parse((await ask(LIST, {}, next.url)).json()).client_groups).toHaveLength(130);
    await next.close();
  });

  it('latency, status, and 200 with an error, on their routes only', async () => {
    await set({ kind: 'latency', route: '/api/funds', params: { distribution: 'uniform', minMs: 200, maxMs: 250 } });
    await set({ kind: 'status', route: '/api/revenue/*', params: { status: 503, retryAfterSeconds: 7 } });
    await set({ kind: 'status', route: '/api/portfolios', params: { status: 500 } });
    await set({ kind: 'ok_with_error', route: '*/bulk-client-data-optimized', params: { message: 'pretended' } });
    expect((await ask('/api/funds')).ms).toBeGreaterThan(199);
    const refused = await ask('/api/revenue/company');
    expect([refused.status, refused.text, refused.headers.get('retry-after')]).toEqual([
      503,
      '{"detail":"Service Unavailable"}',
      '7',
    ]);
    expect((await ask('/api/portfolios')).text).toBe('Internal Server Error');
    expect(listShape.parse((await ask(LIST)).json())).toMatchObject({ error: 'pretended', client_groups: [] });
    expect((await ask('/api/available_providers')).status).toBe(200);
  });

  it('a share of requests, the same ones for the same seed', async () => {
    const run = async () => {
      await set({
        id: 'some',
        kind: 'status',
        route: '/api/analytics/irr-status',
        probability: 0.4,
        params: { status: 502 },
      });
      const statuses = [];
      for (let index = 0; index < 50; index += 1) {
        statuses.push((await ask('/api/analytics/irr-status')).status);
      }
      return statuses;
    };
    const first = await run();
    expect(await run()).toEqual(first);
    expect(first.filter((status) => status === 502).length).toSatisfy((hits: number) => hits > 8 && hits < 32);
  });

  it('connection reset, before and within the answer', async () => {
    await set({ kind: 'connection_reset', route: '/api/funds' });
    await set({ kind: 'connection_reset', route: '/api/portfolios', params: { afterBytes: 1_000 } });
    await expect(rawGet('/api/funds')).rejects.toMatchObject({ code: 'ECONNRESET' });
    await expect(rawGet('/api/portfolios')).rejects.toMatchObject({ code: 'ECONNRESET', received: 1_000 });
  });

  it('slow drip, huge body, redirect loop', async () => {
    await set({ kind: 'slow_drip', route: '/api/available_providers', params: { bytesPerSecond: 2_000 } });
    await set({ kind: 'huge_body', route: '/api/funds', params: { megabytes: 5 } });
    await set({ kind: 'redirect_loop', route: '/api/portfolios' });
    const dripped = await ask('/api/available_providers');
    expect(dripped.json()).toHaveLength(12);
    expect(dripped.ms).toBeGreaterThan(500);
    expect((await ask('/api/funds')).text.length).toBeGreaterThan(5_000_000);
    await expect(fetch(`${portal.url}/api/portfolios`)).rejects.toMatchObject({
      cause: { message: 'redirect count exceeded' },
    });
  });

  it('login refused, and tokens that expire now', { timeout: 60_000 }, async () => {
    const headers = { authorization: `Bearer ${cookieOf(await logIn(), 'access_token')}` };
    await set({ id: 'refused', kind: 'login_refused' });
    expect([(await logIn()).status, (await ask('/api/auth/me', { headers })).status]).toEqual([401, 200]);
    await portal.faults.clear(['refused']);
    await set({ kind: 'token_expiry' });
    expect((await ask('/api/auth/me', { headers })).status).toBe(401);
    expect(await query('select 1 from session where expires_at > now()')).toEqual([]);
    const again = { authorization: `Bearer ${cookieOf(await logIn(), 'access_token')}` };
    expect((await ask('/api/auth/me', { headers: again })).status).toBe(200);
  });

  it('tokens that expire, with a login page in place of a refusal', { timeout: 60_000 }, async () => {
    const me = async () => {
      const headers = { authorization: `Bearer ${cookieOf(await logIn(), 'access_token')}` };
      return (await fetch(`${portal.url}/api/auth/me`, { headers, redirect: 'manual' })).status;
    };
    const old = { authorization: `Bearer ${cookieOf(await logIn(), 'access_token')}` };
    await set({ id: 'lost', kind: 'token_expiry', params: { answer: 'login_page' } });
    const led = await fetch(`${portal.url}/api/auth/me`, { headers: old });
    expect([led.status, new URL(led.url).pathname, led.headers.get('content-type')]).toEqual([
      200,
      '/login',
      'text/html; charset=utf-8',
    ]);
    expect(await me()).toBe(200);
    await portal.faults.clear(['lost']);
    expect((await ask('/api/auth/me', { headers: old })).status).toBe(401);
  });

  it('end by themselves', async () => {
    await set({ kind: 'status', route: '/api/funds', params: { status: 503 }, forSeconds: 0.3 });
    await set({ kind: 'table_lock', params: { table: 'available_funds' }, forSeconds: 0.3 });
    await sleep(400);
    expect((await ask('/api/funds')).status).toBe(200);
    expect(portal.faults.list()).toEqual([]);
  });
});

describe('the switchboard', () => {
  afterEach(async () => {
    await portal.scenarios.stop();
    await portal.faults.clear();
  });

  it('sets, lists, replaces and clears', async () => {
    const put = (status: number) =>
      admin('PUT', '/admin/faults', { id: 'a', kind: 'status', route: '/api/funds', params: { status } });
    expect((await put(503)).json()).toMatchObject({ fault: { id: 'a', probability: 1 } });
    await put(502);
    expect((await ask('/api/funds')).status).toBe(502);
    expect((await admin('GET', '/admin/faults')).json()).toMatchObject({
      faults: [{ id: 'a', params: { status: 502 } }],
    });
    expect((await admin('DELETE', '/admin/faults/unknown')).status).toBe(404);
    expect((await admin('DELETE', '/admin/faults/a')).json()).toEqual({ cleared: 1 });
    await put(503);
    expect((await admin('DELETE', '/admin/faults')).json()).toEqual({ cleared: 1 });
    expect((await ask('/api/funds')).status).toBe(200);
  });

  it.each([
    [{ kind: 'lag' }, /kind: must be one of latency/],
    [{ kind: 'latency', params: { distribution: 'constant', ms: -1 } }, /params.ms/],
    [{ kind: 'status', params: { status: 503 }, rout: '/x' }, /rout/],
    [{ kind: 'table_lock', params: { table: 'users' } }, /params.table/],
    [{ kind: 'certificate', params: { days: 3 } }, /start it with TLS/],
    [{ kind: 'status', params: { status: 503 }, until: '2020-01-01T00:00:00Z' }, /passed already/],
    ['text', /expected object/],
  ])('refuses %j and says why', async (rule, reason) => {
    const reply = await admin('PUT', '/admin/faults', rule);
    expect([reply.status, reply.text]).toEqual([400, expect.stringMatching(reason)]);
    expect(portal.faults.list()).toEqual([]);
  });

  it('is no part of the portal, answers to loopback names only, and asks for its token', async () => {
    expect((await ask('/admin/faults')).status).toBe(404);
    await expect(rawGet('/admin/faults', portal.adminUrl, { host: 'evil.example' })).resolves.toMatchObject({
      status: 403,
    });
    const guarded = await startPortal({
      databaseUrl: server.url,
      probePassword: PROBE_PASSWORD,
      passwordCost: CHEAP,
      adminToken: 's3cret',
    });
    expect((await ask('/admin/faults', {}, guarded.adminUrl)).status).toBe(401);
    expect((await ask('/admin/faults', { headers: { authorization: 'Bearer s3cret' } }, guarded.adminUrl)).status).toBe(
      200,
    );
    await guarded.close();
  });

  it('plays the bad afternoon, tells its phase, and leaves nothing behind', async () => {
    expect((await admin('PUT', '/admin/scenario', { name: 'bad-afternoon', speed: 0 })).status).toBe(400);
    await admin('PUT', '/admin/scenario', { name: 'bad-afternoon', speed: 1_500 });
    const phases = new Set<unknown>();
    const status = z.object({ scenario: z.looseObject({ state: z.string(), phase: z.string() }) });
    let now = status.parse((await admin('GET', '/admin/scenario')).json());
    while (now.scenario.state === 'running') {
      phases.add(now.scenario.phase);
      await sleep(30);
      now = status.parse((await admin('GET', '/admin/scenario')).json());
    }
    expect(now.scenario).toMatchObject({ state: 'finished', phase: 'over' });
    expect(phases).toContain('logins are refused');
    expect(phases).toContain('the database is down');
    expect(portal.faults.list()).toEqual([]);
    await admin('PUT', '/admin/scenario', { name: 'bad-afternoon', speed: 1_000 });
    await sleep(500);
    expect(portal.faults.list().length).toBeGreaterThan(0);
    expect((await admin('DELETE', '/admin/scenario')).json()).toEqual({ scenario: null });
    expect(portal.faults.list()).toEqual([]);
    expect((await ask(LIST)).status).toBe(200);
  }, 20_000);
});

describe('variants', () => {
  it('kebab paths, over TLS, with a certificate that nears its end on demand', async () => {
    const variant = await startPortal({
      databaseUrl: server.url,
      probePassword: PROBE_PASSWORD,
      passwordCost: CHEAP,
      pathStyle: 'kebab',
      tls: 'self-signed',
    });
    const status = async (path: string) => (await rawGet(path, variant.url)).status;
    const daysLeft = async () => ((await rawGet('/api/health', variant.url)).validTo - Date.now()) / 86_400_000;
    try {
      expect(variant.url).toMatch(/^https:/);
      expect(await status('/api/client-groups/bulk-client-data-optimized')).toBe(200);
      expect(await status('/api/client-groups/1/complete')).toBe(200);
      expect(await status('/api/analytics/dashboard-all')).toBe(200);
      expect(await status('/api/available-portfolios/bulk-with-counts')).toBe(200);
      expect(await status(LIST)).toBe(404);
      expect(await status('/client_groups')).toBe(200);
      expect(await daysLeft()).toBeCloseTo(90, 0);
      await variant.faults.set({ id: 'cert', kind: 'certificate', params: { days: 3 } });
      expect(await daysLeft()).toBeCloseTo(3, 0);
      await variant.faults.set({ id: 'cert', kind: 'certificate', params: { days: -1 } });
      expect(await daysLeft()).toBeCloseTo(-1, 0);
      await variant.faults.clear();
      expect(await daysLeft()).toBeCloseTo(90, 0);
    } finally {
      await variant.close();
    }
  });

  it('an empty portal: the list is empty without an error, analytics is 500', async () => {
    await query('create database empty_portal');
    const url = server.adminUrl.replace('/kingstons_portal', '/empty_portal');
    const empty = await startPortal({ databaseUrl: url, probePassword: PROBE_PASSWORD, passwordCost: CHEAP });
    await query('truncate client_groups, portfolios cascade', [], url);
    const list = listShape.parse((await ask(LIST, {}, empty.url)).json());
    expect([list.client_groups, 'error' in list]).toEqual([[], false]);
    expect((await ask('/api/client_groups/bulk_client_data', {}, empty.url)).text).toBe('{"client_groups":[]}');
    expect((await ask('/api/analytics/dashboard-fast', {}, empty.url)).status).toBe(500);
    await empty.close();
    await query('drop database empty_portal');
  });
});

// The compiled program, as `npm test` builds it first: a process of its own is the point here.
const PROGRAM = 'dist/demo/portal/main.js';

describe.skipIf(!existsSync(PROGRAM))('the program', () => {
  const start = async (...flags: string[]) => {
    const { DATABASE_URL: _, ...env } = process.env;
    const child = spawn(process.execPath, [PROGRAM, '--port', '0', '--admin-port', '0', ...flags], {
      env,
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    let dataDir = '';
    let url = '';
    for await (const line of createInterface(child.stdout)) {
      dataDir = / data in ([^,]+)/.exec(line)?.[1] ?? dataDir;
      url = /portal on (http[^,]+),/.exec(line)?.[1] ?? url;
      if (line.includes('sign in as')) {
        break;
      }
    }
    return { child, dataDir, url };
  };

  const serversIn = async (dataDir: string) =>
    (await promisify(execFile)('ps', ['-eo', 'args'])).stdout.split('\n').filter((args) => args.includes(dataDir));

  it.each(['SIGTERM', 'SIGINT', 'SIGKILL'] as const)(
    'leaves no server and no files behind after %s',
    async (signal) => {
      const { child, dataDir, url } = await start('--fault', 'status=503,route=/api/funds');
      expect((await ask('/api/funds', {}, url)).status).toBe(503);
      expect((await ask('/api/health', {}, url)).json()).toMatchObject({ status: 'healthy' });
      expect(await serversIn(dataDir)).not.toEqual([]);
      const ended = once(child, 'exit');
      child.kill(signal);
      await ended;
      await expect.poll(() => serversIn(dataDir), { timeout: 5_000 }).toEqual([]);
      await expect.poll(() => existsSync(dataDir), { timeout: 5_000 }).toBe(false);
    },
    30_000,
  );

  it('refuses bad flags with exit status 2 and explains them all with --help', async () => {
    const run = promisify(execFile);
    await expect(run(process.execPath, [PROGRAM, '--fault', 'lag=1'])).rejects.toMatchObject({
      code: 2,
      stderr: expect.stringMatching(/must be one of latency/),
    });
    await expect(run(process.execPath, [PROGRAM, '--scale', '101'])).rejects.toMatchObject({ code: 2 });
    const { stdout } = await run(process.execPath, [PROGRAM, '--help']);
    expect(stdout).toMatch(/--path-style[\s\S]*--fault[\s\S]*--bad-afternoon/);
  });
});

/** How long the event loop stood still; the portal runs in this process, so its stalls are ours. */
async function longestPause(work: () => Promise<unknown>): Promise<number> {
  let last = performance.now();
  let longest = 0;
  const tick = () => {
    longest = Math.max(longest, performance.now() - last);
    last = performance.now();
  };
  const timer = setInterval(tick, 5);
  await work();
  await sleep(10);
  clearInterval(timer);
  return longest;
}

interface RawReply {
  readonly status: number | undefined;
  readonly validTo: number;
}

/** Without a connection pool, and with a view of the socket. */
function rawGet(path: string, base = portal.url, headers: Record<string, string> = {}): Promise<RawReply> {
  return new Promise((resolve, reject) => {
    const isTls = base.startsWith('https:');
    let received = 0;
    // Of a connection that breaks within the answer, Node 20 and 22 tell the answer, Node 24 tells the request.
    const fail = (error: Error) => reject(Object.assign(error, { received }));
    const request = (isTls ? httpsRequest : httpRequest)(
      `${base}${path}`,
      { agent: false, rejectUnauthorized: false, headers },
      (res) => {
        const validTo = isEncrypted(res.socket) ? Date.parse(res.socket.getPeerCertificate().valid_to) : 0;
        res.on('data', (chunk: Buffer) => {
          received += chunk.length;
        });
        res.on('error', fail);
        res.on('end', () => resolve({ status: res.statusCode, validTo }));
      },
    );
    request.on('error', fail);
    request.end();
  });
}

function isEncrypted(socket: object): socket is TLSSocket {
  return 'getPeerCertificate' in socket;
}
