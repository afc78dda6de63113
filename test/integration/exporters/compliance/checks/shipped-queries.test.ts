import pg from 'pg';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { oneValueOf } from '../../../../../exporters/compliance/checks/sql.js';
import { silentLogger } from '../../../../../exporters/runtime/log.js';
import { ReadOnlyDatabase } from '../../../../../exporters/runtime/postgres/read-only.js';
import { loadCatalogue } from '../../../../../pack/compliance/catalogue.js';
import { shippedCatalogues } from '../../../../../pack/compliance/documents.js';
import { firmViews } from '../../../../../pack/compliance/firm-views.js';
import { SecretText } from '../../../../../pack/index.js';
import { type BorrowedServer, borrowPostgres } from '../../../../support/postgres/borrowed.js';

let server: BorrowedServer;
let database: ReadOnlyDatabase;
beforeAll(async () => {
  server = await borrowPostgres();
  const admin = new pg.Client({ connectionString: server.adminUrl });
  await admin.connect();
  const tables = firmViews.map(
    ({ name, columns }) =>
      `create table compliance.${name} (${columns.map((column) => `${column.name} ${column.type}`).join(', ')});`,
  );
  await admin.query(`drop schema if exists compliance cascade; create schema compliance; ${tables.join('\n')}
    grant usage on schema compliance to kingstons_app; grant select on all tables in schema compliance to kingstons_app`);
  await admin.end();
  database = new ReadOnlyDatabase(
    { url: SecretText.literal(server.url), statementTimeoutMs: 5_000, maxConnections: 1 },
    { application: 'kop-compliance', log: silentLogger },
  );
});
afterAll(async () => {
  await database.close();
  await server.close();
});

/** What an empty view may mean; none of them is an error of the query. */
const nothingSeen = [
  'value is null',
  'as_of is null: there is no evidence yet',
  'the query gives no row; it must give exactly one',
];

test('every shipped query runs over the views as they are described, and says 0 or nothing of empty ones', async () => {
  const controls = shippedCatalogues().flatMap((name) => loadCatalogue(name)?.controls ?? []);
  const asked: string[] = [];
  for (const { id, checks } of controls) {
    for (const check of checks) {
      const source = check.kind === 'freshness' ? check.source : check;
      if (source.kind !== 'sql') continue;
      const answer = await oneValueOf(
        source.query,
        'portal',
        new Map([['portal', database]]),
      )(AbortSignal.timeout(10_000));
      asked.push(`${id} ${check.name}`);
      if ('unknown' in answer) expect([id, nothingSeen]).toEqual([id, expect.arrayContaining([answer.unknown])]);
      else expect([id, answer.value]).toEqual([id, '0']);
    }
  }
  expect(asked.length).toBeGreaterThan(40);
});
