import { expect, test } from 'vitest';
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
  expect(judged(accounts)).toEqual(['ok', 'every change is recorded']);
  await lab.fixture.sql(bypassed('update accounts set balance = 9 where id = 1'));
  for (let i = 0; i < 3; i += 1) await lab.watching.look();
  expect(lab.watching.state(accounts)).toBe('confirmed');
  // As soon as one record names it, its changes can be compared.
  await lab.fixture.sql("insert into holdings select i, 'f', i from generate_series(1, 5) i");
  for (let i = 0; i < 3; i += 1) await lab.watching.look();
  expect(lab.watching.state(holdings)).toBe('ok');
});
