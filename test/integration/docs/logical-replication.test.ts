import { execFile } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { PostgresServer } from '../../../demo/postgres/index.js';
import { packageRoot } from '../../../pack/index.js';
import { type AuditFixture, auditFixture, startAuditServer, watch } from '../../support/audit-trail/fixture.js';
import { eventually } from '../../support/stack/eventually.js';

const run = promisify(execFile);
let server: PostgresServer;
let blue: AuditFixture;
let green: AuditFixture;
let steps: readonly string[];

beforeAll(async () => {
  server = await startAuditServer({ wal_level: 'logical' });
  blue = await auditFixture(server);
  green = await auditFixture(server);
  const page = await readFile(join(packageRoot(), 'docs', 'audit-trail.md'), 'utf8');
  const [section = ''] = page.split('### Logical replication\n').slice(1);
  steps = [...(section.split(/^## /m)[0] ?? '').matchAll(/^ {3}```sh\n(.*?)^ {3}```$/gms)].map(([, text = '']) => text);
});
afterAll(() => server.close());

async function type(step: string | undefined): Promise<void> {
  if (step === undefined) throw new Error('the page has fewer commands');
  const env = { ...process.env, BLUE_URL: blue.url, GREEN_URL: green.url };
  await run('bash', ['-euo', 'pipefail', '-c', step], { env, timeout: 30_000 });
}

const recordsOf = async (fixture: AuditFixture) =>
  (await fixture.sql('select id::int, op, pk, xact_id::text from audit.log order by id')).rows;

test('a database moves by logical replication, and what is recorded twice meanwhile is not called missing', async () => {
  const [origin, replicate, end, always] = steps;
  await blue.sql("insert into accounts (name) values ('a'), ('b'); update accounts set balance = 1 where id = 1");
  await type(origin);
  await type(replicate);
  await eventually('the log is copied', 20_000, async () => (await recordsOf(green)).length === 3);
  const watching = watch(green, { observer: { shapeEveryMs: 0 } });
  const evidence = () => watching.observer.state.evidence.get('records');
  try {
    await watching.look();
    expect(evidence()).toMatchObject({ state: 'unknown' });
    expect(evidence().reason).toMatch(/subscribes to kop_move, .* into audit\.log; observe that server/);

    await green.sql("alter table accounts enable always trigger audit_row; select setval('audit.log_id_seq', 1000)");
    await blue.sql("insert into accounts (name) values ('c')");
    await eventually('the change is recorded twice', 20_000, async () => (await recordsOf(green)).length === 5);
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
