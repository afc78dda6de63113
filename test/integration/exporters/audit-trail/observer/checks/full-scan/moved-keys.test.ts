import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from 'vitest';
import { explain } from '../../../../../../../exporters/audit-trail/index.js';
import { type AuditFixture, auditFixture, borrowAuditServer } from '../../../../../../support/audit-trail/fixture.js';
import { snapshot } from '../../../../../../support/audit-trail/schema.js';

let server: Awaited<ReturnType<typeof borrowAuditServer>>;
let fixture: AuditFixture;

beforeAll(async () => {
  server = await borrowAuditServer();
});
beforeEach(async () => {
  fixture = await auditFixture(server);
  await fixture.sql("insert into accounts (id, name, balance) values (1, 'a', 1), (2, 'b', 2)");
  await fixture.sql(snapshot('public', 'accounts'));
});
afterEach(() => fixture.close());
afterAll(() => server.close());

async function findings() {
  const options = { stateDirectory: '/nowhere', signal: AbortSignal.timeout(20_000), showKeys: true };
  const { findings, obstacle } = await explain(fixture.trail, 'public.accounts', options);
  expect(obstacle).toBeUndefined();
  return findings.map(({ kind, operation, key }) => `${kind} ${operation} ${key}`);
}

test('a row whose key changes is followed, there and back, and its old key may be used again', async () => {
  await fixture.sql('update accounts set id = 101 where id = 1');
  expect(await findings()).toEqual([]);
  await fixture.sql(
    "update accounts set balance = 5 where id = 101; insert into accounts (id, name) values (1, 'new')",
  );
  expect(await findings()).toEqual([]);
  await fixture.sql('delete from accounts where id = 1; update accounts set id = 1 where id = 101');
  expect(await findings()).toEqual([]);
});

test('that a row once left a key does not excuse a later row that vanishes from it', async () => {
  await fixture.sql("update accounts set id = 101 where id = 1; insert into accounts (id, name) values (1, 'new')");
  await fixture.sql('alter table accounts disable trigger user; delete from accounts where id = 1');
  expect(await findings()).toEqual(['missing DELETE {"id": 1}']);
});

test('a key that was renamed before anybody looked is no fault, and a change without a record is one all the same', async () => {
  await fixture.sql(
    "alter table accounts rename column id to number; insert into accounts (number, name) values (3, 'c')",
  );
  expect(await findings()).toEqual([]);
  await fixture.sql('alter table accounts disable trigger user; update accounts set balance = 9 where number = 1');
  expect(await findings()).toEqual(['missing INSERT {"number": 1}']);
});
