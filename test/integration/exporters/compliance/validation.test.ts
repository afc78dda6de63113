import { afterAll, beforeAll, expect, test } from 'vitest';
import { type PostgresServer, startPostgres } from '../../../../demo/postgres/index.js';
import { WatchedDatabase } from '../../../../exporters/compliance/evaluation/watched-database.js';
import { examine } from '../../../../exporters/compliance/validation/known-answers.js';
import { silentLogger } from '../../../../exporters/runtime/log.js';
import { ReadOnlyDatabase } from '../../../../exporters/runtime/postgres/read-only.js';
import { SecretText } from '../../../../pack/secrets/secret.js';

let server: PostgresServer;
const { signal } = new AbortController();

beforeAll(async () => {
  server = await startPostgres();
}, 60_000);
afterAll(() => server?.close());

const access = (url: string) => ({ url: SecretText.literal(url), statementTimeoutMs: 5_000, maxConnections: 2 });
const connected = (url: string) =>
  new WatchedDatabase(new ReadOnlyDatabase(access(url), { application: 'kop-test', log: silentLogger }));

test('rows with known answers are judged rightly in a real database, and one that is away is left out', async () => {
  const [here, away] = [connected(server.adminUrl), connected('postgres://nobody@127.0.0.1:1/none')];
  const alone = await examine([], new Map(), signal, new Date());
  const asked = await examine(
    [],
    new Map<string, WatchedDatabase | string>([
      ['portal', here],
      ['away', away],
      ['later', 'it is not connected'],
    ]),
    signal,
    new Date(),
  );
  expect(asked).toMatchObject({ accuracy: 1, wrong: [] });
  expect(asked.asked - alone.asked).toBe(11);
  await Promise.all([here.close(), away.close()]);
});

test('a reading of rows that is wrong lowers the accuracy and is named', async () => {
  const real = connected(server.adminUrl);
  // As a driver that reads every 1 as 0.
  const wrong = new WatchedDatabase({
    read: (abort, work) =>
      real.read(abort, (session) =>
        work({
          query: async (sql, params) => {
            const rows = await session.query<never>(sql, params);
            for (const row of rows) if (Reflect.get(row, 'value') === '1') Reflect.set(row, 'value', '0');
            return rows;
          },
        }),
      ),
    close: () => real.close(),
  });
  const { accuracy, wrong: named } = await examine([], new Map([['portal', wrong]]), signal, new Date());
  expect(accuracy).toBeLessThan(0.999);
  expect(named).toContain('a row with one in the database portal is judged compliant, and not non_compliant');
  await wrong.close();
});
