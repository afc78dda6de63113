/** Readability and access logging: whether the records can be read, and whether it is recorded who reads them. */
import { describe, expect, test } from 'vitest';
import { ownRecords } from '../../../../../../support/audit-trail/domain.js';
import { observed } from '../../../../../../support/audit-trail/observed.js';

const lab = observed();

const count = (name: string, labels: Record<string, string> = {}) => lab.watching.metric(`audit_trail_${name}`, labels);

describe('records', () => {
  async function begin(prepare = ''): Promise<void> {
    await lab.prepare();
    await lab.fixture.sql(`set app.actor = 'ann'; ${prepare};
      create table audit.old (like audit.log); grant select on audit.old to ${lab.fixture.observerRole};
      insert into accounts (id, name) select i, 'a' from generate_series(1, 2500) i`);
    lab.watch({ trail: { records: { ...ownRecords, archive: 'audit.old' } } });
    await lab.watching.look();
  }

  test('are exported and parsed page by page, those of the archive too, and over again', async () => {
    await begin();
    expect(count('readability_timestamp_seconds')).toBe(0);
    await lab.fixture.sql(
      'with gone as (delete from audit.log where id <= 5 returning *) insert into audit.old select * from gone',
    );
    await lab.watching.look();
    const endedAt = count('readability_timestamp_seconds') ?? 0;
    expect(endedAt).toBeGreaterThan(0);
    expect(count('exported_records_total')).toBeGreaterThanOrEqual(2500);
    expect(count('unreadable_records')).toBe(0);
    await lab.watching.look();
    await lab.watching.look();
    expect(count('readability_timestamp_seconds')).toBeGreaterThan(endedAt);
  });

  /** Of a trail whose ids say nothing of their order. */
  async function beginUnordered(values: string): Promise<() => Promise<void>> {
    await lab.prepare();
    await lab.fixture.sql(`alter table audit.log alter column id drop default, alter column id type uuid using gen_random_uuid(),
      alter column id set default gen_random_uuid(), alter column new_row type text;
      insert into audit.log (ts, op, table_schema, table_name, pk, new_row) ${values}`);
    lab.watch();
    await lab.watching.observer.runFastChecks(AbortSignal.timeout(20_000));
    return () => lab.watching.observer.runExactChecks(AbortSignal.timeout(20_000));
  }

  test('of one moment are all read, also where a page ends among them', async () => {
    const look = await beginUnordered(
      `select '2026-01-01', 'SNAPSHOT', 'public', 'accounts', '{"id": 1}', '[]' from generate_series(1, 1700)`,
    );
    await look();
    expect(count('unreadable_records', { part: 'image' })).toBe(1700);
  });

  test('of any size are read in pages that hold few of them', async () => {
    const look = await beginUnordered(
      `select '2026-01-01', 'SNAPSHOT', 'public', 'accounts', '{"id": 1}', '{"a": "' || repeat('x', 1000000) || '"}' from generate_series(1, 20)`,
    );
    await look();
    // Four pages of four each; and the history of the row, which is cut as well.
    expect(count('exported_records_total')).toBe(20);
    expect(count('readability_timestamp_seconds')).toBe(0);
    await look();
    expect(count('readability_timestamp_seconds')).toBeGreaterThan(0);
    expect(count('unreadable_records')).toBe(0);
  });

  test('whose image is the null of JSON have none, as others have', async () => {
    const look = await beginUnordered(
      `select '2026-01-01', 'SNAPSHOT', 'public', 'accounts', '{"id": 1}', v from unnest(array['null', '3', '{']) v`,
    );
    await look();
    expect(count('unreadable_records', { part: 'image' })).toBe(2);
  });

  test('that cannot be read are counted by what is wrong with them, until they are gone', async () => {
    await begin('alter table audit.log alter column old_row type text, alter column new_row type text');
    await lab.fixture.sql(`update audit.log set new_row = left(new_row, 7) where id in (3, 2200);
      update audit.log set new_row = '[]' where id = 4; update audit.log set ts = 'infinity' where id = 5`);
    // A pass takes two rounds, and the one that is under way may be past the first records.
    const twoPasses = async () => {
      for (let round = 0; round < 4; round += 1)
        await lab.watching.observer.runExactChecks(AbortSignal.timeout(20_000));
    };
    await twoPasses();
    expect(count('unreadable_records', { part: 'image' })).toBe(3);
    expect(count('unreadable_records', { part: 'time' })).toBe(1);
    await lab.fixture.sql(`update audit.log set new_row = '{}' where id in (3, 4, 2200)`);
    await twoPasses();
    expect(count('unreadable_records', { part: 'image' })).toBe(0);
    expect(count('unreadable_records', { part: 'time' })).toBe(1);
  });
});

describe('reading', () => {
  const readers = () =>
    Object.fromEntries(
      ['logged', 'avoidable', 'unlogged', 'unknown'].map((reading) => [reading, count('readers', { reading })]),
    );

  async function looked(...statements: string[]): Promise<ReturnType<typeof readers>> {
    for (const statement of statements) await lab.fixture.sql(statement);
    await lab.watching.look();
    return readers();
  }

  test('is recorded, avoidable, unrecorded or unknown, for each role that may', async () => {
    await lab.prepare();
    lab.watch();
    const database = new URL(lab.fixture.url).pathname.slice(1);
    const clerk = `${database}_clerk`;
    try {
      // The superuser and the observer.
      expect(await looked()).toEqual({ logged: 0, avoidable: 0, unlogged: 2, unknown: 0 });
      expect(
        await looked(
          `create role ${clerk} login; grant usage on schema audit to ${clerk}; grant select (id) on audit.log to ${clerk}`,
        ),
      ).toMatchObject({ unlogged: 3 });
      expect(await looked(`alter role ${clerk} set log_statement = 'all'`)).toMatchObject({ logged: 1, unlogged: 2 });
      expect(await looked(`grant set on parameter log_statement to ${clerk}`)).toMatchObject({
        avoidable: 1,
        unlogged: 2,
      });
      expect(await looked(`alter database ${database} set log_statement = 'all'`)).toEqual({
        logged: 1,
        avoidable: 2,
        unlogged: 0,
        unknown: 0,
      });
      expect(await looked(`alter role ${clerk} in database ${database} set log_statement = 'none'`)).toMatchObject({
        unlogged: 1,
      });
      // What it sees of the server is now coloured by its own setting.
      expect(
        await looked(
          `alter database ${database} reset log_statement`,
          `alter role ${lab.fixture.observerRole} set log_statement = 'mod'`,
        ),
      ).toEqual({ logged: 0, avoidable: 0, unlogged: 2, unknown: 1 });
    } finally {
      await lab.fixture.sql(`drop owned by ${clerk}; drop role ${clerk}`);
    }
  });
});
