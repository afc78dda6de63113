import { afterAll, beforeAll, expect, test } from 'vitest';
import { readKeyTable } from '../../../../../exporters/encryption/keys/key-table.js';
import { ScanDatabase } from '../../../../../exporters/encryption/scan/database.js';
import { TimingWatch } from '../../../../../exporters/encryption/timings/timing-watch.js';
import { createLogger, Redactor, silentLogger } from '../../../../../exporters/runtime/log.js';
import type { TimingSource } from '../../../../../pack/encryption/model.js';
import { access, run } from '../../../../support/encryption/scanning.js';
import { type BorrowedServer, borrowPostgres } from '../../../../support/postgres/borrowed.js';

let server: BorrowedServer;

beforeAll(async () => {
  server = await borrowPostgres();
}, 60_000);

afterAll(() => server?.close());

async function read(preset: TimingSource['preset'], table: string) {
  const source = { name: 'log', preset, table, database: access(server.adminUrl) };
  const watch = new TimingWatch([source], new Redactor(), silentLogger);
  await watch.refresh(new AbortController().signal);
  await watch.close();
  const [state] = watch.states();
  return { recorded: state?.recorded, problem: state?.problem };
}

test('encryption_audit_log as the operations guides query it', async () => {
  await run(
    server.adminUrl,
    `create table public.audit_a (operation_type text, success boolean, execution_time_ms numeric, created_at timestamptz);
     insert into public.audit_a select 'FIELD_ENCRYPT', true, g, now() from generate_series(1, 100) g;
     insert into public.audit_a values ('decrypt', false, 5, now()), ('decrypt', true, 7, now() - interval '2 days'),
       ('QQ123456C', true, 1, now())`,
  );
  const { recorded } = await read('encryption_audit_log', 'public.audit_a');
  const byName = Object.fromEntries((recorded?.operations ?? []).map((each) => [each.operation, each]));
  expect(byName.encrypt).toMatchObject({ count: 100, failures: 0, averageSeconds: 0.0505, maxSeconds: 0.1 });
  expect(byName.encrypt?.p95Seconds).toBeCloseTo(0.09505);
  expect(byName.decrypt).toMatchObject({ count: 1, failures: 1 });
  expect(Object.keys(byName).sort()).toEqual(['decrypt', 'encrypt', 'other']);
  expect(recorded?.note).toBeUndefined();
});

test('encryption_audit_log as its only definition has it: no durations, and that is said', async () => {
  await run(
    server.adminUrl,
    `create table public.audit_b (table_name text, record_id bigint, field_name text, operation text, accessed_by text,
       access_time timestamptz, client_ip inet, user_agent text);
     insert into public.audit_b values ('a', 1, 'f', 'encrypt', 'x', now()), ('a', -1, 'f_ERROR', 'decrypt', 'x', now())`,
  );
  const { recorded } = await read('encryption_audit_log', 'public.audit_b');
  expect(recorded?.note).toMatch(/no column for durations/);
  expect([...(recorded?.operations ?? [])].sort((a, b) => (a.operation < b.operation ? -1 : 1))).toEqual([
    { operation: 'decrypt', count: 1, failures: 1 },
    { operation: 'encrypt', count: 1, failures: 0 },
  ]);
});

test('encryption_performance_metrics: the newest day', async () => {
  await run(
    server.adminUrl,
    `create table public.daily (operation_date date, field_path text, operation_type text, operation_count int,
       total_duration_ms numeric, avg_duration_ms numeric, max_duration_ms numeric, error_count int);
     insert into public.daily values (current_date, 'a', 'encrypt', 10, 20, 2, 9, 1), (current_date, 'b', 'encrypt', 30, 120, 4, 11, 0),
       (current_date - 1, 'a', 'encrypt', 1, 1000, 1000, 1000, 0), (current_date, 'a', 'bulk_decrypt', 2, 2, 1, 1, 0)`,
  );
  const { recorded } = await read('encryption_performance_metrics', 'public.daily');
  expect(recorded?.operations).toContainEqual({
    operation: 'encrypt',
    count: 40,
    failures: 1,
    averageSeconds: 0.0035,
    maxSeconds: 0.011,
  });
  expect(recorded?.operations.map(({ operation }) => operation).sort()).toEqual(['bulk_decrypt', 'encrypt']);
});

test('field_access_log holds no durations; a table that is not there is said', async () => {
  await run(
    server.adminUrl,
    `create table public.access (field_path text, success boolean, error_message text, accessed_at timestamptz);
     insert into public.access values ('a', false, 'QQ123456C', now())`,
  );
  expect(await read('field_access_log', 'public.access')).toEqual({
    recorded: { operations: [{ operation: 'access', count: 1, failures: 1 }], note: 'the table holds no durations' },
    problem: undefined,
  });
  expect(await read('field_access_log', 'public.nowhere')).toEqual({
    recorded: undefined,
    problem: 'the table does not exist',
  });
});

test('a log of rotations: what is under way counts as made, what failed does not', async () => {
  await run(
    server.adminUrl,
    `create table public.rotations (field_path text, old_key_version text, new_key_version text,
       rotation_date timestamptz, status text);
     insert into public.rotations values ('pii', 'v1', 'v2', '2025-01-01', 'completed'), ('pii', 'v2', 'v3', '2025-02-01', 'COMPLETED'),
       ('pii', 'v3', 'v4', '2025-03-01', 'failed'), ('pii', 'v3', 'v5', '2025-04-01', 'in_progress'), ('other', null, 'v9', '2025-05-01', 'completed')`,
  );
  const database = new ScanDatabase(access(server.adminUrl));
  const table = {
    kind: 'table',
    table: 'public.rotations',
    key: 'field_path',
    means: 'pii',
    version: 'new_key_version',
    rotatedAt: 'rotation_date',
    status: 'status',
  } as const;
  const look = () => database.look(new AbortController().signal, (query) => readKeyTable(query, table));
  const knowledge = {
    versions: ['v5', 'v3', 'v2', 'v1'],
    latest: 'v5',
    rotatedAtSeconds: Date.parse('2025-02-01') / 1000,
  };
  expect(await look()).toEqual({ knowledge });

  // What a status means that nobody named is not known: its version was neither made nor not.
  await run(
    server.adminUrl,
    `insert into public.rotations values ('pii', 'v5', 'v6', '2025-05-01', 'Cancelled'), ('pii', 'v5', 'v7', '2025-06-01', null),
       ('pii', 'v5', 'v8', '2025-07-01', 'QQ123456C')`,
  );
  expect(await look()).toEqual({
    knowledge: { ...knowledge, undecided: ['v8', 'v7', 'v6'] },
    problem:
      "the status of 3 rotations of 'pii' in public.rotations is not known (no word, 'cancelled'; known are completed, in_progress, failed), so it is unknown whether their versions exist",
  });
  await run(server.adminUrl, `delete from public.rotations where status is null or lower(status) <> 'failed'`);
  expect(await look()).toMatchObject({ knowledge: { versions: ['v3'] } });
  expect((await look()).problem).toBeUndefined();
  await run(server.adminUrl, 'delete from public.rotations');
  expect(await look()).toEqual({ knowledge: { versions: [] }, problem: "public.rotations holds no version of 'pii'" });
  await database.close();
});

test('why a record cannot be read is logged once for each reason, and that it can be again', async () => {
  const logs: string[] = [];
  const redactor = new Redactor();
  const log = createLogger({ level: 'info', format: 'logfmt', redactor, write: (line) => logs.push(line) });
  const source = {
    name: 'log',
    preset: 'field_access_log',
    table: 'public.late',
    database: access(server.adminUrl),
  } as const;
  const watch = new TimingWatch([source], redactor, log);
  const { signal } = new AbortController();
  for (let look = 0; look < 3; look += 1) await watch.refresh(signal);
  await run(server.adminUrl, 'create table public.late (amount int)');
  for (let look = 0; look < 2; look += 1) await watch.refresh(signal);
  await run(server.adminUrl, 'alter table public.late add accessed_at timestamptz');
  for (let look = 0; look < 2; look += 1) await watch.refresh(signal);
  await watch.close();
  expect(logs.map((line) => /level=(\w+)/.exec(line)?.[1])).toEqual(['warn', 'warn', 'info']);
  expect(logs[0]).toContain('source=log');
  expect(logs[2]).toContain('can be read again');
});
