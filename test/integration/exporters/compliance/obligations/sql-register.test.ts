import pg from 'pg';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { registerOf } from '../../../../../exporters/compliance/obligations/registers/open.js';
import { silentLogger } from '../../../../../exporters/runtime/log.js';
import { ReadOnlyDatabase } from '../../../../../exporters/runtime/postgres/read-only.js';
import type { Calendar } from '../../../../../pack/index.js';
import { SecretText } from '../../../../../pack/index.js';
import { type BorrowedServer, borrowPostgres } from '../../../../support/postgres/borrowed.js';
import { accessRequests, office } from '../../../../unit/exporters/compliance/obligations/example.js';

let server: BorrowedServer;
let admin: pg.Client;
let database: ReadOnlyDatabase;
beforeAll(async () => {
  server = await borrowPostgres();
  admin = new pg.Client({ connectionString: server.adminUrl });
  await admin.connect();
  database = new ReadOnlyDatabase(
    { url: SecretText.literal(server.url), statementTimeoutMs: 5_000, maxConnections: 1 },
    { application: 'kop-compliance', log: silentLogger },
  );
});
afterAll(async () => {
  await database.close();
  await admin.end();
  await server.close();
});
beforeEach(async () => {
  await admin.query(`
    create schema if not exists compliance;
    drop table if exists compliance.requests cascade;
    create table compliance.requests (
      client text, started_at timestamptz, relevant_on date, completed_at timestamp, extended boolean,
      waiting tstzmultirange, asked daterange
    );
    grant usage on schema compliance to kingstons_app;
    grant select on all tables in schema compliance to kingstons_app;
  `);
});

const now = new Date('2026-12-01T12:00:00Z');
const stopped =
  'select started_at, relevant_on as relevant_at, completed_at, extended, waiting as stopped from compliance.requests order by 1';

function read(query: string, calendar: Calendar = office, signal = AbortSignal.timeout(20_000)) {
  const register = { kind: 'sql', database: 'portal', query } as const;
  return registerOf({ ...accessRequests, register }, calendar, () => database).read({ signal, now });
}

describe('a register behind SQL', () => {
  test('times, days, local times and ranges of several kinds are read in the time zone of the calendar', async () => {
    await admin.query(`
      insert into compliance.requests values
        ('Jane', '2026-07-01 10:00+01', '2026-07-03', null, true, '{[2026-07-06 09:00+01,2026-07-08 09:00+01]}', '[2026-07-06,2026-07-09)'),
        ('John', '2026-08-01 10:00+01', null, '2026-08-20 16:00', null, null, null);
    `);
    expect(await read(`${stopped};`)).toEqual({
      faults: [],
      asOf: now,
      cases: [
        {
          startedAt: new Date('2026-07-01T09:00:00Z'),
          relevantAt: new Date('2026-07-02T23:00:00Z'),
          isExtended: true,
          stopped: [{ from: new Date('2026-07-06T08:00:00Z'), to: new Date('2026-07-08T08:00:00Z') }],
        },
        {
          startedAt: new Date('2026-08-01T09:00:00Z'),
          completedAt: new Date('2026-08-20T15:00:00Z'),
          isExtended: false,
          stopped: [],
        },
      ],
    });
    const days = await read(
      'select started_at, completed_at, asked as stopped from compliance.requests where extended',
    );
    expect(days).toMatchObject({
      cases: [{ stopped: [{ from: new Date('2026-07-05T23:00:00Z'), to: new Date('2026-07-08T22:59:59.999Z') }] }],
    });
    const json = await read(
      `select started_at, null as completed_at, '[{"from": "2026-07-06", "to": null}]'::jsonb as stopped from compliance.requests`,
    );
    expect(json).toMatchObject({ cases: [{ stopped: [{ from: new Date('2026-07-05T23:00:00Z') }] }, {}] });
  });

  test('an empty register was read', async () => {
    expect(await read(stopped)).toEqual({ cases: [], faults: [], asOf: now });
  });

  test.each([
    [
      'a view that is not there',
      'select * from compliance.access_requests',
      /relation "compliance.access_requests" does not exist/,
    ],
    [
      'a column that is missing',
      'select now() as started_at from generate_series(1, 2)',
      /^register in the database portal: no column completed_at$/,
    ],
    [
      'a query that writes',
      'with gone as (delete from compliance.requests returning *) select * from gone',
      /^register in the database portal: /,
    ],
    ['several statements', 'select 1; drop table compliance.requests', /syntax error/],
  ])('%s is unreadable', async (_, query, reason) => {
    expect(await read(query)).toEqual({ unreadable: expect.stringMatching(reason) });
    expect((await admin.query('select from compliance.requests')).rowCount).toBe(0);
  });

  test('no value of a row is in what is said', async () => {
    await admin.query(`insert into compliance.requests (client, started_at) values ('Jane Doe', now())`);
    expect(await read('select client::timestamptz as started_at, completed_at from compliance.requests')).toEqual({
      unreadable: 'register in the database portal: the query fails (SQLSTATE 22007)',
    });
    expect(await read('select client as started_at, completed_at from compliance.requests')).toMatchObject({
      faults: [
        'register in the database portal: row 1: column started_at: expected a day such as 2026-03-01 or an instant such as 2026-03-01T09:30:00Z',
      ],
    });
  });

  test('a query without rights, and one that takes too long', async () => {
    await admin.query('revoke all on compliance.requests from kingstons_app');
    expect(await read(stopped)).toEqual({ unreadable: expect.stringMatching(/permission denied for table requests/) });
    await expect(read('select pg_sleep(60)', office, AbortSignal.timeout(300))).rejects.toThrow(/timeout/);
  });
});
