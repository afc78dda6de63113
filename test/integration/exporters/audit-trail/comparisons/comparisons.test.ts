import pg from 'pg';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { seed } from '../../../../../demo/portal/schema/seed.js';
import { type ComparisonResult, runComparison } from '../../../../../exporters/audit-trail/comparisons/run.js';
import type { Session } from '../../../../../exporters/runtime/postgres/read-only.js';
import { loadPack } from '../../../../../pack/index.js';
import { type BorrowedServer, borrowPostgres } from '../../../../support/postgres/borrowed.js';

const signal = new AbortController().signal;
const comparisons = loadPack([], { requireSecrets: false }).auditTrails.flatMap((trail) => trail.comparisons);
const names = comparisons.map(({ name }) => name);
let server: BorrowedServer;
let db: pg.Client;
let client: Session;

beforeAll(async () => {
  server = await borrowPostgres();
  db = new pg.Client({ connectionString: server.adminUrl });
  await db.connect();
  await seed(db);
  client = { query: async <R extends pg.QueryResultRow>(sql: string) => (await db.query<R>(sql)).rows };
});
afterAll(async () => {
  await db.end();
  await server.close();
});
beforeEach(async () => {
  await db.query('begin');
  return () => db.query('rollback');
});

function run(name: string, given: AbortSignal = signal): Promise<ComparisonResult> {
  const comparison = comparisons.find((each) => each.name === name);
  if (comparison === undefined) throw new Error(`the shipped pack.yaml has no comparison ${name}`);
  return runComparison(comparison, client, given);
}

async function findings(name: string): Promise<{ findings: number; checked: number }> {
  const result = await run(name);
  if (result.state !== 'compared') throw new Error(result.reason);
  return result;
}

test.each(names)('%s finds nothing in a portal where nothing is wrong', async (name) => {
  const result = await findings(name);
  expect(result.findings).toBe(0);
  if (name !== 'logins-without-session') expect(result.checked).toBeGreaterThan(0);
});

describe('finds exactly what is wrong', () => {
  test.each<[string, string, string]>([
    [
      'provider-switches',
      'a provider changed past the log',
      'update client_products set provider_id = provider_id % 12 + 1 where id in (40, 41)',
    ],
    ['provider-switches', 'a provider removed', 'update client_products set provider_id = null where id = 80'],
    [
      'activity-without-log',
      'an investment without activity',
      'delete from holding_activity_log where portfolio_fund_id = 7',
    ],
    ['orphaned-valuations', 'a fund valuation deleted', 'delete from portfolio_fund_valuations where id = 5'],
    ['orphaned-valuations', 'a portfolio valuation deleted', 'delete from portfolio_valuations where id = 5'],
    ['missing-irr', 'a rate of return deleted', 'delete from portfolio_irr_values where id = 9'],
    ['activity-id-density', 'an activity deleted', 'delete from holding_activity_log where id = 100'],
    [
      'logins-without-session',
      'a login without session',
      `insert into authentication (profiles_id, last_login) values (2, now()::text), (3, 'yesterday'), (4, '2020-01-01 10:00')`,
    ],
  ])('%s: %s', async (name, _, sql) => {
    const before = await findings(name);
    await db.query(sql);
    expect((await findings(name)).findings).toBe(before.findings + 1);
  });

  test('and not what is in order', async () => {
    await db.query(`insert into authentication (profiles_id, last_login) values (2, now()::text)`);
    await db.query(`insert into session (session_id, profiles_id, created_at) values ('s', 2, now())`);
    await db.query(
      'insert into portfolio_fund_valuations (portfolio_fund_id, valuation_date, valuation) values (1, current_date, 1)',
    );
    await db.query('insert into portfolio_funds (portfolio_id, amount_invested) values (1, 0), (1, null)');
    for (const name of names) expect(await findings(name)).toMatchObject({ findings: 0 });
  });
});

test.each(names)('%s is unknown where the tables are others', async (name) => {
  await db.query('create schema elsewhere; set local search_path = elsewhere');
  await db.query('alter schema public rename to hidden');
  expect(await run(name)).toMatchObject({
    state: 'unknown',
    reason: expect.stringContaining('tables are others'),
  });
});

test('a missing column is unknown too', async () => {
  await db.query('alter table portfolio_funds drop column amount_invested cascade');
  expect(await run('activity-without-log')).toMatchObject({ state: 'unknown' });
});

test('a missing privilege names its GRANT', async () => {
  await db.query('create role onlooker; grant usage on schema public to onlooker; set local role onlooker');
  expect(await run('activity-without-log')).toMatchObject({
    state: 'unknown',
    mend: expect.stringMatching(/^GRANT SELECT ON public\.\w+ TO/),
  });
});

test('a value of a row never gets into a reason', async () => {
  await db.query(`insert into authentication (profiles_id, last_login) values (2, '2025-19-39T29:59 secret')`);
  const result = await run('logins-without-session');
  expect(result.state).toBe('unknown');
  expect(JSON.stringify(result)).not.toContain('secret');
});

test('an end that was asked for is no result', async () => {
  await expect(run('missing-irr', AbortSignal.abort(new Error('enough')))).rejects.toThrow('enough');
});

test('each says in a sentence what it means', () => {
  for (const { title } of comparisons) expect(title).toMatch(/^[A-Z].*\.$/s);
});
