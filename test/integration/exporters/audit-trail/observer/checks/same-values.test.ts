import pg from 'pg';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { withoutSpelling } from '../../../../../../exporters/audit-trail/observer/checks/same-values.js';
import type { Session } from '../../../../../../exporters/runtime/postgres/read-only.js';
import { majors, startMajor, type TestServer } from '../../../../../support/postgres/majors.js';

describe.each(majors)('two texts of one column, read by PostgreSQL %i', (major) => {
  let server: TestServer;
  let client: pg.Client;

  beforeAll(async () => {
    server = await startMajor(major);
    client = new pg.Client({ connectionString: server.url });
    await client.connect();
    await client.query(`create type stay as (arrived timestamptz, room text); create domain key as bytea check (length(value) = 1);
      create role watcher; set timezone = 'UTC'; set datestyle = 'ISO, YMD'`);
  });
  afterAll(async () => {
    await client.end();
    await server.close();
  });

  const session: Session = { query: async (sql, params = []) => (await client.query(sql, [...params])).rows };
  async function areSame(
    base: string,
    ...pairs: readonly (readonly [a: string, b: string])[]
  ): Promise<readonly boolean[]> {
    const columns = [
      {
        ...{ number: 1, name: 'c', type: base, base, readable: true },
        ...{ changed: 0n, typeChanged: 0n, addedAfter: 0n, isGenerated: false },
      },
    ];
    await client.query('begin read only');
    try {
      const rows = pairs.map((pair) => ({ difference: { c: pair } }));
      const others = await withoutSpelling(session, columns, rows);
      const { rows: settings } = await client.query('show datestyle');
      expect(settings).toEqual([{ DateStyle: 'ISO, YMD' }]);
      return others.map(({ difference }) => Object.keys(difference ?? {}).length === 0);
    } finally {
      await client.query('rollback');
    }
  }

  test('are one value in two zones, styles and orders of a date, and two where the value is another', async () => {
    const day = '"[\\"2026-02-03 00:00:00+00\\",)"';
    expect(
      await areSame(
        'tstzrange',
        [day, '"[\\"2026-02-03 09:00:00+09\\",)"'],
        [day, '"[\\"03.02.2026 01:00:00 CET\\",)"'],
        [day, '"[\\"02/03/2026 00:00:00 UTC\\",)"'],
        [day, '"[\\"Tue Feb 03 00:00:00 2026 UTC\\",)"'],
        [day, '"[\\"2026-02-03 00:00:01+00\\",)"'],
        [day, '"(\\"2026-02-03 00:00:00+00\\",)"'],
        [day, 'null'],
      ),
    ).toEqual([true, true, true, true, false, false, false]);
    expect(
      await areSame('timestamp with time zone[]', [
        '["2026-02-03T00:00:00+00:00", null]',
        '["2026-02-03T09:00:00+09:00", null]',
      ]),
    ).toEqual([true]);
    expect(
      await areSame(
        'stay',
        [
          '{"arrived": "2026-02-03T00:00:00+00:00", "room": "007"}',
          '{"arrived": "2026-02-03T09:00:00+09:00", "room": "007"}',
        ],
        [
          '{"arrived": "2026-02-03T00:00:00+00:00", "room": "007"}',
          '{"arrived": "2026-02-03T00:00:00+00:00", "room": "7"}',
        ],
      ),
    ).toEqual([true, false]);
    expect(await areSame('bytea', ['"\\\\x5c41"', '"\\\\\\\\A"'], ['"\\\\x5c41"', '"\\\\\\\\B"'])).toEqual([
      true,
      false,
    ]);
  });

  test('that are no value of the type differ, and do not keep others from being read', async () => {
    const good: readonly [string, string] = ['"[1,3)"', '"[1,2]"'];
    const bad: readonly [string, string] = ['"no range"', '"[1,2]"'];
    expect(await areSame('int4range', good, bad, good)).toEqual([true, false, true]);
    expect(await areSame('key', ['"\\\\x41"', '"A"'], ['"\\\\x4142"', '"AB"'])).toEqual([true, false]);
    expect(await areSame('gone.type', ['"a"', '"b"'])).toEqual([false]);
  });

  test('of a type that the role may not use differ', async () => {
    await client.query('create schema hidden; create type hidden.pair as (a int); set role watcher');
    try {
      expect(await areSame('hidden.pair', ['{"a": 1}', '{"a": "1"}'])).toEqual([false]);
    } finally {
      await client.query('reset role');
    }
  });
});
