import { execFile } from 'node:child_process';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from 'vitest';
import type { PostgresServer } from '../../../demo/postgres/index.js';
import { declare } from '../../../exporters/audit-trail/index.js';
import { packageRoot } from '../../../pack/index.js';
import { type AuditFixture, auditFixture, startAuditServer, watch } from '../../support/audit-trail/fixture.js';
import { eventually } from '../../support/stack/eventually.js';

const run = promisify(execFile);
let server: PostgresServer;
let blue: AuditFixture;
let green: AuditFixture;
let steps: readonly string[];
let declarations: string;

beforeAll(async () => {
  declarations = await mkdtemp(join(tmpdir(), 'kop-declared-'));
  server = await startAuditServer({ wal_level: 'logical', wal_retrieve_retry_interval: '100ms' });
  const page = await readFile(join(packageRoot(), 'docs', 'audit-trail.md'), 'utf8');
  const [section = ''] = page.split('### Logical replication\n').slice(1);
  steps = [...(section.split(/^## /m)[0] ?? '').matchAll(/^ {3}```sh\n(.*?)^ {3}```$/gms)].map(([, text = '']) => text);
});
afterAll(async () => {
  await server.close();
  await rm(declarations, { recursive: true });
});
beforeEach(async () => {
  [blue, green] = [await auditFixture(server), await auditFixture(server)];
});
afterEach(async () => {
  await green.close();
  await blue.close();
});

async function type(step: string | undefined): Promise<void> {
  if (step === undefined) throw new Error('the page has fewer commands');
  const env = { ...process.env, BLUE_URL: blue.url, GREEN_URL: green.url };
  await run('bash', ['-euo', 'pipefail', '-c', step], { env, timeout: 30_000 });
}

const recordsOf = async (fixture: AuditFixture) =>
  (await fixture.sql('select id::int, op, pk, xact_id::text from audit.log order by id')).rows;

const countOf = async (fixture: AuditFixture, table: string) =>
  Number((await fixture.sql(`select count(*) from ${table}`)).rows[0]?.count);

const UNREADY = "pg_subscription_rel where srsubstate <> 'r'";

test('a database moves by logical replication, and what is recorded twice meanwhile is not called missing', async () => {
  const [origin, replicate, end, always] = steps;
  await blue.sql("insert into accounts (name) values ('a'), ('b'); update accounts set balance = 1 where id = 1");
  await type(origin);
  await type(replicate);
  // Rows that are copied only after the trigger fires ALWAYS would be recorded too.
  await eventually('all tables are copied', 60_000, async () => (await countOf(green, UNREADY)) === 0);
  expect(await recordsOf(green)).toHaveLength(3);
  const watching = watch(green, { observer: { shapeEveryMs: 0 } });
  const evidence = () => watching.observer.state.evidence.get('records');
  try {
    await watching.look();
    expect(evidence()).toMatchObject({ state: 'unknown' });
    expect(evidence().reason).toMatch(/subscribes to kop_move, .* into audit\.log; observe that server/);

    await green.sql("alter table accounts enable always trigger audit_row; select setval('audit.log_id_seq', 1000)");
    await blue.sql("insert into accounts (name) values ('c')");
    await eventually('the change is recorded twice', 60_000, async () => (await recordsOf(green)).length === 5);
    await watching.look();
    expect(evidence().reason).toContain('triggers on 1 tables fire ALWAYS, so that changes are recorded twice');
    expect(watching.metric('audit_trail_missing_events_total')).toBe(0);
    await type(origin);
    await green.sql('delete from audit.log where id > 1000');

    await blue.sql('delete from accounts where id = 2');
    await type(end);
    expect(await recordsOf(green)).toEqual(await recordsOf(blue));
    await type(always);
    await green.sql("insert into accounts (name) values ('d')");
    const [last] = (await recordsOf(green)).slice(-1);
    expect(last).toMatchObject({ id: 6, op: 'INSERT', pk: { id: 4 } });
    await watching.look();
    expect(evidence().reason).not.toContain('subscribes');
    expect(watching.metric('audit_trail_missing_events_total')).toBe(0);
  } finally {
    await watching.close();
  }
});

/** In the servers' own words, because the page replicates all tables at once. */
async function replicate(name: string, table: string): Promise<void> {
  await blue.sql(`create publication ${name} for table ${table}`);
  await blue.sql(`select pg_create_logical_replication_slot('${name}', 'pgoutput')`);
  await green.sql(
    `create subscription ${name} connection '${blue.url}' publication ${name} with (create_slot = false)`,
  );
}

test('rows that are copied after the observer has seen the subscription are not called changed without a record', async () => {
  await type(steps[0]);
  await blue.sql("insert into accounts (name) values ('a'), ('b'); update accounts set balance = 1 where id = 1");
  await replicate('kop_log', 'audit.log');
  await eventually('the log is copied', 60_000, async () => (await recordsOf(green)).length === 3);
  const watching = watch(green, { observer: { shapeEveryMs: 0 } });
  try {
    await watching.look();
    await replicate('kop_rows', 'accounts');
    await eventually('the rows are copied', 60_000, async () => (await countOf(green, 'accounts')) === 2);
    await watching.look();
    await green.sql('drop subscription kop_rows');
    await green.sql('drop subscription kop_log');
    await watching.look();
    await watching.look();
    expect(watching.observer.state.evidence.get('records').reason).not.toContain('subscribes');
    expect(watching.metric('audit_trail_missing_events_total')).toBe(0);

    // From then on it watches, also changes that leave no other value.
    await green.sql('alter table accounts disable trigger audit_row; update accounts set balance = 1 where id = 1');
    await green.sql('alter table accounts enable always trigger audit_row');
    await watching.look();
    await watching.look();
    expect(watching.metric('audit_trail_missing_events_total')).toBe(1);
  } finally {
    await watching.close();
  }
});

test('a subscription that begins under a running observer accuses nobody, and shows at the next poll', async () => {
  await type(steps[0]);
  await blue.sql("insert into accounts (name) values ('a'), ('b')");
  const watching = watch(green, { observer: { shapeEveryMs: 3_600_000 } });
  try {
    await watching.look();
    expect(watching.observer.state.evidence.get('records').state).toBe('ok');
    await replicate('kop_all', 'accounts, audit.log');
    await eventually('all is copied', 60_000, async () => (await recordsOf(green)).length === 2);
    await blue.sql('update accounts set balance = 2');
    await eventually('the change is applied', 60_000, async () => (await recordsOf(green)).length === 4);
    await watching.look();
    expect(watching.observer.state.evidence.get('records').reason).toContain('subscribes to kop_all');
    expect(watching.metric('audit_trail_missing_events_total')).toBe(0);
    await green.sql('drop subscription kop_all');
  } finally {
    await watching.close();
  }
});

/** Without a record, beside a running observer; then the subscription ends. */
async function changeBesideSubscription(change: string) {
  await green.sql("insert into accounts (name) values ('a'), ('b')");
  const watching = watch(green, { declarations, observer: { shapeEveryMs: 3_600_000 } });
  await watching.look();
  await replicate('kop_log', 'audit.log');
  await watching.look();
  const meanwhile = watching.state('public.accounts');
  await green.sql(`set session_replication_role = replica; ${change}`);
  await watching.look();
  await green.sql('drop subscription kop_log');
  await watching.look();
  await watching.look();
  return { watching, meanwhile };
}

test.each([
  ['a value changed beside a subscription is found when it ends', "update accounts set name = 'x' where id = 2", 1],
  [
    'a value changed and changed back beside a subscription is not forgotten',
    "update accounts set name = 'x' where id = 2; update accounts set name = 'b' where id = 2",
    0,
  ],
])('%s', async (_name, change, missing) => {
  await type(steps[0]);
  const { watching, meanwhile } = await changeBesideSubscription(change);
  try {
    expect(meanwhile).toBe('unknown');
    expect(watching.metric('audit_trail_missing_events_total')).toBe(missing);
    const records = () => watching.observer.state.evidence.get('records');
    expect(records().state).toBe('degraded');
    expect(records().reason).toMatch(/a subscription wrote rows and records until \d{4}-.*left nothing here/);
    const at = new Date().toISOString();
    await declare(declarations, green.trail.name, { kind: 'baseline', reason: 'compared with blue', by: 'ann', at });
    await watching.look();
    await watching.look();
    expect(records().state).toBe('ok');
  } finally {
    await watching.close();
  }
});
