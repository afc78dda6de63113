/** What was proven belongs to the database and its records, and not to the name that a trail has in the description. */
import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { declare } from '../../../../../exporters/audit-trail/index.js';
import { adoptingStore } from '../../../../../exporters/audit-trail/observer/adopting.js';
import { MemoryDirectory } from '../../../../../exporters/audit-trail/observer/memory.js';
import { orphanedStates, withFaults } from '../../../../../exporters/audit-trail/observer/orphans.js';
import { silentLogger } from '../../../../../exporters/runtime/log.js';
import { looseFolder } from '../../../../../exporters/runtime/state/index.js';
import { observed } from '../../../../support/audit-trail/observed.js';
import { bypassed } from '../../../../support/audit-trail/schema.js';

const lab = observed();
const accounts = 'public.accounts';
let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'kop-renamed-'));
});
afterEach(() => rm(folder, { recursive: true }));

/** An exporter whose description has these trails, and which watches the first of them. */
function exporterOf(name: string, ...others: readonly string[]): void {
  const state = looseFolder(folder);
  const described = new Set([name, ...others]);
  const store = adoptingStore(new MemoryDirectory(state, silentLogger), state, () => described);
  lab.watch({ trail: { name }, store, declarations: folder });
}

const looks = async (n: number) => {
  for (let look = 0; look < n; look += 1) await lab.watching.look();
};
const missing = () => lab.watching.memory().tables[accounts]?.confirmed?.counts;
const orphans = async (...described: readonly string[]) =>
  withFaults(await orphanedStates(folder, new Set(described))).map(({ trail, faults }) => [trail, faults]);

async function withFault(): Promise<void> {
  await lab.prepare();
  exporterOf('before');
  await looks(1);
  await lab.fixture.sql("insert into accounts (name) values ('a'), ('b')");
  await looks(2);
  await lab.fixture.sql(bypassed('update accounts set balance = 9 where id = 1'));
  await looks(2);
  expect(missing()).toEqual({ missing: 1 });
  await lab.watching.close();
}

test('a renamed trail goes on from its state: a proven fault, what was declared, and where reading stood', async () => {
  await withFault();
  await declare(folder, 'before', {
    kind: 'baseline',
    tables: ['public.holdings'],
    by: 'carol',
    reason: 'ticket 3',
    at: '2026-03-01T10:00:00Z',
  });
  exporterOf('after');
  await looks(1);
  expect(missing()).toEqual({ missing: 1 });
  expect(lab.watching.state(accounts)).toBe('confirmed');
  expect(lab.watching.memory().trail).toBe('after');
  expect(lab.watching.memory().applied).toEqual(['baseline 2026-03-01T10:00:00Z public.holdings']);
  // Read already, under the earlier name.
  expect(lab.watching.metric('audit_trail_records_total')).toBe(0);
  expect((await readdir(folder)).toSorted()).toEqual([
    'after.declarations.json',
    'after.observer.json',
    'before.declarations.json.renamed',
    'before.observer.json.renamed',
  ]);
  expect(await orphans('after')).toEqual([]);
});

test('the state of a trail that is still described is its own, also where another one has the same records', async () => {
  await withFault();
  exporterOf('beside', 'before');
  await looks(1);
  expect((await readdir(folder)).toSorted()).toEqual(['before.observer.json', 'beside.observer.json']);
  expect(await orphans('beside', 'before')).toEqual([]);
});

test('of another database nothing is taken over: its faults stay an error until a person declares them', async () => {
  await withFault();
  await lab.fixture.close();
  await lab.prepare();
  exporterOf('after');
  await looks(1);
  expect(missing()).toBeUndefined();
  expect(await orphans('after')).toEqual([['before', 1]]);
  const declaration = { kind: 'baseline', by: 'carol', reason: 'the portal was shut down' } as const;
  await declare(folder, 'before', { ...declaration, at: '2020-01-01T00:00:00Z' });
  await declare(folder, 'before', { ...declaration, tables: [accounts], at: new Date().toISOString() });
  // Declared before the fault, and of one table only.
  expect(await orphans('after')).toEqual([['before', 1]]);
  await declare(folder, 'before', { ...declaration, at: new Date().toISOString() });
  expect(await orphans('after')).toEqual([]);
});

test('a name that has a state already keeps it, and the other one is told of', async () => {
  await lab.prepare();
  exporterOf('after');
  await looks(1);
  await lab.watching.close();
  await lab.fixture.close();
  await withFault();
  exporterOf('after');
  await looks(1);
  expect(await orphans('after')).toEqual([['before', 1]]);
});
