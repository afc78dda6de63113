import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { declare } from '../../../../../exporters/audit-trail/observer/verdict/declarations.js';
import { installSql } from '../../../../../exporters/audit-trail/writer/index.js';
import { installedRecords } from '../../../../support/audit-trail/installed.js';
import { observed } from '../../../../support/audit-trail/observed.js';

const lab = observed();

async function installed(declarations?: string): Promise<void> {
  await lab.prepare();
  await lab.fixture.sql('drop schema audit cascade');
  await lab.fixture.sql('create table clients_of (id int primary key, name text)');
  await lab.fixture.sql(installSql({ scope: { include: ['public.*'], exclude: [] }, baseline: true }));
  await lab.fixture.sql(`grant kop_audit_observer to ${lab.fixture.observerRole}`);
  lab.watch({ trail: { records: installedRecords }, ...(declarations === undefined ? {} : { declarations }) });
  await lab.watching.look();
}

const changes = () => lab.watching.metric('audit_trail_fingerprint_changes_total', { object: 'log' });
const evidence = (state: string) => lab.watching.metric('audit_trail_evidence_state', { source: 'catalogue', state });

const before = (table: string) => `
  create function public.other() returns trigger language plpgsql as $$ begin new.actor := 'x'; return new; end $$;
  create trigger other before insert on ${table} for each row execute function public.other()`;

test.each([
  ['a trigger on the log', before('audit.log')],
  ['a trigger on one partition', before('audit.log_default')],
  ['a rule', 'create rule nothing as on delete to audit.log_default do instead nothing'],
  ['a default', `alter table audit.log alter actor set default 'x'`],
  ['a default of one partition', `alter table audit.log_default alter actor set default 'x'`],
  ['the type of a column', 'alter table audit.log alter reason type varchar(10)'],
  ['a policy', 'create policy none on audit.log_default for select using (false)'],
  ['row-level security', 'alter table audit.log_default enable row level security'],
  ['an event trigger that is disabled', 'alter event trigger kop_audit_ddl disable'],
  ['an event trigger that is gone', 'drop event trigger kop_audit_drop'],
  [
    'a function around the log',
    `create or replace function audit.in_scope(target oid) returns boolean language sql as 'select false'`,
  ],
])('%s is told, and stays until a baseline', async (_, sql) => {
  await installed();
  expect(changes()).toBe(0);
  await lab.fixture.sql(sql);
  await lab.watching.look();
  expect(changes()).toBeGreaterThan(0);
  const told = changes();
  await lab.watching.look();
  expect(changes()).toBe(told);
  expect(evidence('degraded')).toBe(1);
  expect(lab.watching.observer.state.evidence.get('catalogue').reason).toContain(
    'audit.log is not what was first seen: ',
  );
});

test('partitions, indexes, statistics, a column more and a second installation change nothing', async () => {
  await installed();
  const wasDegraded = evidence('degraded');
  await lab.fixture.sql(`select audit.maintain_partitions(5)`);
  await lab.fixture.sql(
    `create index on audit.log (actor); analyze audit.log; alter table audit.log add column note text`,
  );
  await lab.fixture.sql(installSql({ scope: { include: ['public.*'], exclude: [] }, baseline: true }));
  await lab.watching.look();
  expect([changes(), evidence('degraded')]).toEqual([0, wasDegraded]);
  await lab.fixture.sql(`alter table audit.log alter note set default 'x'`);
  await lab.watching.look();
  expect([changes(), evidence('degraded')]).toEqual([1, 1]);
  await lab.fixture.sql('alter table audit.log detach partition audit.log_default');
  await lab.watching.look();
  expect(changes()).toBe(1);
});

test('a baseline accepts what the log is by then, and the next change is told again', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'kop-log-definition-'));
  onTestFinished(() => rm(folder, { recursive: true }));
  await installed(folder);
  const before = evidence('degraded');
  await lab.fixture.sql(`alter table audit.log alter actor set default 'x'`);
  await lab.watching.look();
  expect(evidence('degraded')).toBe(1);
  await declare(folder, 'test', { kind: 'baseline', by: 'carol', at: '2026-03-01T10:00:00Z', reason: 'ticket 7' });
  await lab.watching.look();
  await lab.watching.look();
  expect([changes(), evidence('degraded')]).toEqual([1, before]);
  await lab.fixture.sql('alter table audit.log alter actor drop default');
  await lab.watching.look();
  expect([changes(), evidence('degraded')]).toEqual([2, 1]);
});

test('a server without event triggers says what is not seen', async () => {
  await installed();
  await lab.fixture.sql('drop event trigger kop_audit_ddl; drop event trigger kop_audit_rewrite');
  await lab.watching.look();
  const { reason, fixes } = lab.watching.observer.state.evidence.get('catalogue');
  expect(reason).toContain('no event trigger kop_audit_ddl, kop_audit_rewrite');
  expect(fixes.join()).toContain('select audit.enrol_all()');
});

test.each(['view', 'materialized view'])('a %s as the audit table is refused by its kind', async (kind) => {
  await installed();
  await lab.watching.close();
  await lab.fixture.sql(`create ${kind} public.records as select * from audit.log`);
  lab.watch({ trail: { records: { ...installedRecords, table: 'public.records' } } });
  await lab.watching.look();
  const { state, reason } = lab.watching.observer.state.evidence.get('records');
  expect(state).toBe('unknown');
  expect(reason).toContain(`public.records is a ${kind}`);
});
