import { describe, expect, test } from 'vitest';
import { statusOf } from '../../../../../exporters/audit-trail/inspect/status.js';
import type { AuditTrail } from '../../../../../pack/audit-trail/model.js';
import { ownRecords } from '../../../../support/audit-trail/domain.js';
import { observed } from '../../../../support/audit-trail/observed.js';
import { bypassed } from '../../../../support/audit-trail/schema.js';

const lab = observed();
const [accounts, holdings] = ['public.accounts', 'public.holdings'];

type Records = NonNullable<AuditTrail['records']>;

/** The records are those of triggers; the trail is described as one that the application writes, so no counter is believed. */
async function begin(columns: Records['columns']): Promise<void> {
  await lab.prepare({ trail: { records: { ...ownRecords, columns, writtenBy: 'application', triggerFunctions: [] } } });
  lab.watch();
  await lab.watching.look();
  await lab.fixture.sql("insert into accounts (name) values ('a'), ('b'); update accounts set balance = 1");
  for (let i = 0; i < 2; i += 1) await lab.watching.look();
}

const proofOf = (table: string) =>
  statusOf(lab.watching.observer.state).tables.find((each) => each.table === table)?.proof;
const judged = (table: string) => [lab.watching.state(table), lab.watching.reason(table)];

test('without row images an unrecorded UPDATE cannot be seen, so the table is unknown, before it and after it', async () => {
  const { oldRow: _old, newRow: _new, ...columns } = ownRecords.columns;
  await begin(columns);
  const unknown = [
    'unknown',
    'the application writes the records and they hold no row images, so an UPDATE without a record cannot be seen',
  ];
  expect(judged(accounts)).toEqual(unknown);
  await lab.fixture.sql(bypassed('update accounts set balance = 9 where id = 1'));
  for (let i = 0; i < 3; i += 1) await lab.watching.look();
  expect(judged(accounts)).toEqual(unknown);
  expect(lab.watching.metric('audit_trail_table_state', { state: 'ok' })).toBe(0);
});

test('a table that no record names is unknown; one that a record names, with images, can be proven and is found broken', async () => {
  await begin(ownRecords.columns);
  const unnamed = [
    'unknown',
    'the application writes the records and none of them names this table, so nothing shows that its changes are recorded',
  ];
  expect(judged(holdings)).toEqual(unnamed);
  expect(judged(accounts)).toEqual([
    'ok',
    'rows and records agree; nothing counts what an application changes, so a change that was undone leaves no sign',
  ]);
  expect(Object.keys(proofOf(accounts) ?? {}).toSorted()).toEqual(['images', 'recording', 'records', 'rows']);
  await lab.fixture.sql(bypassed('update accounts set balance = 9 where id = 1'));
  for (let i = 0; i < 3; i += 1) await lab.watching.look();
  expect(lab.watching.state(accounts)).toBe('confirmed');
  // As soon as one record names it, its changes can be compared.
  await lab.fixture.sql("insert into holdings select i, 'f', i from generate_series(1, 5) i");
  for (let i = 0; i < 3; i += 1) await lab.watching.look();
  expect(lab.watching.state(holdings)).toBe('ok');
});

test('triggers without row images: every change has a record, and no more is claimed', async () => {
  const { oldRow: _old, newRow: _new, ...columns } = ownRecords.columns;
  await lab.prepare({ trail: { records: { ...ownRecords, columns } } });
  lab.watch();
  await lab.watching.look();
  await lab.fixture.sql("insert into accounts (name) values ('a'), ('b'); update accounts set balance = 1");
  for (let i = 0; i < 2; i += 1) await lab.watching.look();
  expect(judged(accounts)).toEqual([
    'ok',
    'every change has a record; the records hold no row images, so values are not compared',
  ]);
  expect(proofOf(accounts)).toMatchObject({
    recording: { by: 'a trigger records each required operation' },
    counters: { since: expect.stringMatching(/^20/) },
  });
  expect(proofOf(accounts)).not.toHaveProperty('images');
});

test('what an exporter proved is not shown beside a table of which nothing is recorded any more', async () => {
  await lab.prepare();
  lab.watch();
  await lab.watching.look();
  await lab.fixture.sql("insert into accounts (name) values ('a')");
  for (let i = 0; i < 2; i += 1) await lab.watching.look();
  expect(judged(accounts)).toEqual(['ok', 'every change is recorded']);
  const { observer } = lab.watching;
  // As after a restart: the states are those of the exporter before, and the catalogue is that of now.
  const kept = observer.state.memory.tables;
  await lab.fixture.sql('alter function audit.record() rename to record_no_more');
  await observer.runFastChecks(AbortSignal.timeout(10_000));
  observer.loop.change((state) => ({ ...state, memory: { ...state.memory, tables: kept } }));
  const shown = statusOf(observer.state).tables.find(({ table }) => table === accounts);
  expect(shown).toMatchObject({ state: 'unknown', reason: 'not every operation is recorded', coverageRatio: 0.25 });
});

describe('a trail as paper_trail keeps it, which names models and not tables', () => {
  const versions = `
    create table versions (id bigserial primary key, item_type text not null, item_id text not null, event text not null,
      whodunnit text, object jsonb, object_after jsonb, created_at timestamptz not null default clock_timestamp());
    create index on versions (item_type, item_id); grant select on versions to public;`;
  /** In the application's transaction, as a callback of the model does. */
  const version = (event: string, model: string, table: string, id: number, change: string) => `
    begin;
    create temporary table was on commit drop as select to_jsonb(t) as image from ${table} t where id = ${id};
    ${change};
    insert into versions (item_type, item_id, event, whodunnit, object, object_after)
      values ('${model}', '${id}', '${event}', 'ann', (select image from was), (select to_jsonb(t) from ${table} t where id = ${id}));
    commit`;
  const records = (tables: Records['tables']): Records => ({
    preset: 'custom',
    table: 'public.versions',
    columns: {
      id: { column: 'id' },
      at: { column: 'created_at' },
      operation: { column: 'event' },
      table: { column: 'item_type' },
      rowKey: { column: 'item_id' },
      oldRow: { column: 'object' },
      newRow: { column: 'object_after' },
      actor: { column: 'whodunnit' },
    },
    operations: { create: 'INSERT', update: 'UPDATE', destroy: 'DELETE' },
    ...(tables === undefined ? {} : { tables }),
    writtenBy: 'application',
    maxWriteLagMs: 0,
    triggerFunctions: [],
  });
  async function keepVersions(tables: Records['tables']): Promise<void> {
    await lab.prepare({ trail: { records: records(tables) } });
    await lab.fixture.sql(`drop table if exists versions; ${versions} alter table accounts disable trigger user`);
    lab.watch();
    await lab.watching.look();
    for (const id of [1, 2, 3]) {
      await lab.fixture.sql(
        version('create', 'Account', 'accounts', id, `insert into accounts (id, name) values (${id}, 'a')`),
      );
    }
    await lab.fixture.sql(version('update', 'Account', 'accounts', 1, 'update accounts set balance = 5 where id = 1'));
    for (let i = 0; i < 3; i += 1) await lab.watching.look();
  }

  test('is unknown until the words are mapped, and the reason names them', async () => {
    await keepVersions(undefined);
    expect(lab.watching.state(accounts)).toBe('unknown');
    expect(lab.watching.reason(accounts)).toContain(
      'they name public.Account: where that is a word for a table in scope, map it in records.tables',
    );
  });

  test.each([
    ['a change without a version', 'update accounts set balance = 9 where id = 2', 'UPDATE'],
    [
      'a change without a version, before a change of the definition that excuses nothing',
      "update accounts set name = 'other' where id = 2; alter table accounts alter column name set statistics 50",
      'UPDATE',
    ],
    [
      'the same, when a version that begins with what it left was read at once',
      `update accounts set name = 'other' where id = 2; alter table accounts alter column name set statistics 50;
       ${version('update', 'Account', 'accounts', 2, 'update accounts set balance = 7 where id = 2')}`,
      'UPDATE',
    ],
    ['a version that was deleted', "delete from versions where event = 'update'", 'UPDATE'],
    [
      'a version that was changed',
      `update versions set object_after = jsonb_set(object_after, '{balance}', '1') where event = 'update'`,
      'UPDATE',
    ],
    ['a row deleted without a version', 'delete from accounts where id = 3', 'DELETE'],
  ])('is proven once they are, and finds %s', async (_, fault, operation) => {
    await keepVersions({ Account: accounts });
    expect(judged(accounts)).toEqual([
      'ok',
      'rows and records agree; nothing counts what an application changes, so a change that was undone leaves no sign',
    ]);
    await lab.fixture.sql(fault);
    for (let i = 0; i < 3; i += 1) await lab.watching.look();
    expect(lab.watching.state(accounts)).toBe('confirmed');
    expect(lab.watching.metric('audit_trail_missing_events_total', { table: accounts, operation })).toBe(1);
  });

  test('is proven although a change was made and undone: nothing shows that', async () => {
    await keepVersions({ Account: accounts });
    await lab.fixture.sql('update accounts set balance = 9 where id = 2; update accounts set balance = 0 where id = 2');
    for (let i = 0; i < 3; i += 1) await lab.watching.look();
    expect(lab.watching.state(accounts)).toBe('ok');
  });
});
