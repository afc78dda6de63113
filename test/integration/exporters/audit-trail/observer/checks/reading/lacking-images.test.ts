import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { declare } from '../../../../../../../exporters/audit-trail/index.js';
import { explain } from '../../../../../../../exporters/audit-trail/inspect/explain.js';
import { observed } from '../../../../../../support/audit-trail/observed.js';
import { bypassed } from '../../../../../../support/audit-trail/schema.js';

const lab = observed();
const accounts = 'public.accounts';
let folder: string;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'kop-lacking-'));
});
afterAll(() => rm(folder, { recursive: true }));

async function begin(): Promise<void> {
  await lab.prepare();
  lab.watch({ declarations: folder });
  await lab.watching.look();
  await lab.fixture.sql("insert into accounts (name) values ('a'), ('b'); update accounts set balance = 1");
  await lab.fixture.sql('update accounts set balance = 2');
  await lab.watching.look();
  expect(lab.watching.state(accounts)).toBe('ok');
}

const judged = () => [lab.watching.state(accounts), lab.watching.reason(accounts)];
const lacks = (n: number) => ['unknown', `${n} records lack the image that they should have`];
const isDegraded = (source: string) =>
  lab.watching.metric('audit_trail_evidence_state', { source, state: 'degraded' }) === 1;

const newest = `where id = (select max(id) from audit.log where pk = '{"id": 1}')`;
const lacking = [
  ['the newest image of a row', `update audit.log set new_row = null ${newest}`, 1],
  ['an old image', `update audit.log set old_row = null ${newest}`, 1],
  ['an image in the middle', `update audit.log set new_row = null where new_row ->> 'balance' = '1.00'`, 2],
  ['an image and the one after it', "update audit.log set old_row = null, new_row = null where op <> 'INSERT'", 4],
  [
    'what is lacking from the start',
    `begin; update accounts set balance = 3 where id = 1; update audit.log set old_row = null ${newest}; commit`,
    1,
  ],
] as const;

test.each(lacking)('%s: unknown, until a person declares a baseline', async (_, sql, n) => {
  await begin();
  await lab.fixture.sql(sql);
  for (let i = 0; i < 2; i += 1) await lab.watching.look();
  expect(judged()).toEqual(lacks(n));
  expect(lab.watching.metric('audit_trail_missing_events_total')).toBe(0);
  // It does not pass with the next round, nor with the next change of the row.
  await lab.fixture.sql('update accounts set balance = 9 where id = 2');
  for (let i = 0; i < 3; i += 1) await lab.watching.look();
  expect(judged()[0]).toBe('unknown');
  await declare(folder, 'test', { kind: 'baseline', reason: 'known', by: 'ann', at: new Date().toISOString() });
  for (let i = 0; i < 3; i += 1) await lab.watching.look();
  expect(judged()).toEqual(['ok', 'every change is recorded']);
  expect(isDegraded('continuity')).toBe(false);
  await lab.fixture.sql('update accounts set balance = 10');
  for (let i = 0; i < 2; i += 1) await lab.watching.look();
  expect(judged()[0]).toBe('ok');
});

test('the evidence says so for as long as it lasts', async () => {
  await begin();
  await lab.fixture.sql(`update audit.log set old_row = null ${newest}`);
  for (let i = 0; i < 4; i += 1) await lab.watching.look();
  expect(isDegraded('continuity')).toBe(true);
});

test('every break of a window is looked into, however many there are', { timeout: 60_000 }, async () => {
  await begin();
  await lab.fixture.sql("insert into accounts (name) select 'many' from generate_series(1, 6000)");
  await lab.watching.look();
  await lab.fixture.sql(`${bypassed('update accounts set balance = 3')}; update accounts set balance = 4`);
  await lab.watching.look();
  expect(lab.watching.metric('audit_trail_continuity_breaks_total', { table: accounts })).toBe(6002);
  const found = await explain(lab.fixture.trail, accounts, {
    stateDirectory: join(folder, 'none'),
    signal: AbortSignal.timeout(30_000),
    showKeys: false,
    limit: 7000,
  });
  expect([found.findings.length, found.truncated]).toEqual([6002, false]);
});
