/** The fourth equality: records are no more than the ids that were given out. */
import { expect, test } from 'vitest';
import { observed } from '../../../../../../support/audit-trail/observed.js';

const lab = observed();
const beyondIds = () => lab.watching.metric('audit_trail_counter_residual', { invariant: 'records_sequence' });
const evidence = () => lab.watching.observer.state.evidence.get('counters');
const yet = /records are not compared with the ids given out yet/;

/** Three ids are taken and not used, as by sessions that cache them; then all is at rest, and learned. */
async function rested(): Promise<void> {
  await lab.prepare();
  await lab.fixture.sql("select nextval('audit.log_id_seq') from generate_series(1, 3)");
  await lab.fixture.sql("insert into accounts (name) select 'a' || i from generate_series(1, 5) i");
  lab.watch();
  for (let look = 0; look < 3; look += 1) await lab.watching.look();
  expect(beyondIds()).toBe(0);
  expect(evidence().reason).not.toMatch(yet);
}

const forge = (id: number) =>
  lab.fixture.sql(
    `insert into audit.log (id, op, table_schema, table_name, pk, new_row) values (${id}, 'INSERT', 'other', 'x', '${id}', '{}')`,
  );

test('a record with an id that was passed over shows, and stays until a baseline of everything is declared', async () => {
  await rested();
  await forge(2);
  await lab.watching.look();
  expect(beyondIds()).toBe(1);
  await forge(3);
  await lab.watching.look();
  expect(beyondIds()).toBe(2);
  await lab.fixture.sql("insert into accounts (name) values ('honest')");
  await lab.watching.look();
  expect(beyondIds()).toBe(2);
  const declaration = {
    kind: 'baseline',
    by: 'carol',
    at: '2026-03-01T10:00:00Z',
    reason: 'an import, ticket 9',
  } as const;
  lab.watching.observer.loop.change((state) => ({ ...state, declarations: [declaration] }));
  for (let look = 0; look < 2; look += 1) await lab.watching.look();
  expect(beyondIds()).toBe(0);
});

test('gaps, and what is rolled back, do not', async () => {
  await rested();
  await lab.fixture.sql("begin; insert into accounts (name) values ('undone'); rollback");
  await lab.fixture.sql("select nextval('audit.log_id_seq') from generate_series(1, 7)");
  await lab.fixture.sql("insert into accounts (name) values ('later')");
  for (let look = 0; look < 2; look += 1) await lab.watching.look();
  expect(beyondIds()).toBe(0);
  expect(lab.watching.state('public.accounts')).toBe('ok');
});

test('until there was a moment of rest nothing is shown, and the evidence says so: of one that is still open, records may come', async () => {
  await lab.prepare();
  const open = await lab.fixture.connect();
  await open.query("begin; insert into accounts (name) values ('open')");
  lab.watch();
  for (let look = 0; look < 3; look += 1) await lab.watching.look();
  expect(beyondIds()).toBeUndefined();
  expect(evidence()).toMatchObject({ state: 'ok', reason: expect.stringMatching(yet) });
  await open.query('commit');
  await open.end();
  for (let look = 0; look < 3; look += 1) await lab.watching.look();
  expect(beyondIds()).toBe(0);
  expect(evidence()).toMatchObject({ state: 'ok', reason: 'statistics are kept and can be read' });
});
