/** What the version before wrote for an audit trail is read, believed and gone on with. */
import { cp, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { MemoryDirectory } from '../../../../exporters/audit-trail/observer/memory.js';
import { createSealer } from '../../../../exporters/audit-trail/seal/index.js';
import { silentLogger } from '../../../../exporters/runtime/log.js';
import { looseFolder } from '../../../../exporters/runtime/state/index.js';
import { CliLab, type Desk, kop } from '../../../support/audit-trail/cli-lab.js';
import { DeskWatch } from '../../../support/audit-trail/desk-watch.js';

const earlier = 'test/fixtures/audit-trail/earlier';
const stateFile = join(earlier, 'state/audit-trail/trail.observer.json');

vi.setConfig({ testTimeout: 60_000 });

let lab: CliLab;
beforeAll(async () => {
  lab = await CliLab.open();
});
afterAll(() => lab.close());

/** The rows, the log and the state of then, in a database of now. */
async function deskOfThen(): Promise<Desk> {
  const desk = await lab.desk();
  for (const table of ['audit.log', 'clients', 'notes']) {
    const rows = await readFile(join(earlier, `${table}.json`), 'utf8');
    await desk.sql(`begin; set local session_replication_role = replica; alter table ${table} disable trigger all;
      delete from ${table};
      insert into ${table} overriding system value
        select * from jsonb_populate_recordset(null::${table}, '${rows.replaceAll("'", "''")}');
      alter table ${table} enable trigger all; commit`);
  }
  const key = (await readFile(join(earlier, 'seal-key.txt'), 'utf8')).trim();
  const frame = (word: string) => `-----${word} PRIVATE KEY-----`;
  await writeFile(desk.path('seal.pem'), `${frame('BEGIN')}\n${key}\n${frame('END')}\n`);
  for (const name of ['seal', 'anchor', 'state', 'public.vkey'])
    await cp(join(earlier, name), desk.path(name), { recursive: true });
  return desk;
}

test('of its state nothing is lost, and it is written as it was', async () => {
  const desk = await lab.desk();
  await cp(join(earlier, 'state'), desk.path('state'), { recursive: true });
  const store = new MemoryDirectory(looseFolder(desk.path('state/audit-trail')), silentLogger);
  await store.save(await store.load('trail'));
  const written = JSON.parse(await readFile(desk.path('state/audit-trail/trail.observer.json'), 'utf8'));
  const before = JSON.parse(await readFile(stateFile, 'utf8'));
  expect(written).toEqual(withAdded(withoutForgotten(before)));
  expect(written.tables['public.clients'].confirmed.counts).toEqual({ missing: 1 });
});

/** What a later version keeps besides, empty. */
function withAdded({ checks = {}, tables, ...state }: ReturnType<typeof withoutForgotten>) {
  const { counters, reading } = checks;
  const added = Object.entries(tables).map(([label, { replay, ...own }]) => [
    label,
    { ...own, replay: { ...replay, scanned: { ...replay?.scanned, untold: [] } } },
  ]);
  return {
    ...state,
    tables: Object.fromEntries(added),
    unmatched: [],
    checks: {
      ...checks,
      counters: { ...counters, checking: [], explained: [], unaccountedTotal: {} },
      reading: { ...reading, uncalled: { truncates: 0, snapshots: 0, emptied: 0 } },
    },
  };
}

/** What is true only while somebody looks: it is kept for others to read. */
function withoutForgotten(state: Record<string, Record<string, Record<string, unknown>>>): {
  readonly checks: Readonly<Record<string, Readonly<Record<string, unknown>>>>;
  readonly tables: Readonly<Record<string, { readonly replay?: { readonly scanned?: object } }>>;
} {
  const forgotten = ['found', 'window', 'problems', 'round', 'blind', 'stall', 'openSeconds', 'results'];
  const checks = Object.entries(state.checks ?? {}).map(([name, own]) => [
    name,
    Object.fromEntries(Object.entries(own).filter(([key]) => name === 'readability' || !forgotten.includes(key))),
  ]);
  return { ...state, checks: Object.fromEntries(checks), tables: state.tables ?? {} };
}

test('a fault that it proved, and what was declared, are as they were in a database that was restored since', async () => {
  const watch = new DeskWatch(await deskOfThen());
  await watch.look();
  expect(watch.states['public.clients']).toBe('confirmed');
  const { tables, applied, epoch } = watch.observer.state.memory;
  expect(tables['public.clients']?.confirmed?.counts.missing).toBeGreaterThanOrEqual(1);
  expect(tables['public.notes']?.accepted).toBeDefined();
  expect(applied).toEqual(['baseline 2026-11-30T19:42:47.310Z public.notes']);
  expect(epoch?.reason).toBe('system');
  await watch.close();
});

test('its log verifies alone, and its records once the restored database is accepted; then it goes on', async () => {
  const desk = await deskOfThen();
  const key = ['--key', desk.path('public.vkey')];
  const alone = await kop(['audit', 'verify', '--log', desk.path('seal/log.jsonl'), ...key]);
  expect(alone.code).toBe(0);
  expect((await desk.kop('verify', ...key)).code).toBe(1);
  expect((await desk.kop('accept-epoch', '--reason', 'restored', '--by', 'E. Hart')).code).toBe(0);
  const accepted = await verified(desk, key);
  expect(accepted).toMatchObject({
    log: { ok: true, disposedRecords: 46, records: 56 },
    rows: { rows: 10, failures: [], isComplete: true },
  });

  await desk.sql('update clients set balance = balance + 1 where id = 9');
  const sealer = createSealer(desk.trail(), { log: silentLogger });
  await sealer?.sealNow();
  expect(sealer?.status()).toMatchObject({ state: 'sealing' });
  await sealer?.stop();
  expect(await verified(desk, [...key, '--full'])).toMatchObject({
    rows: { rows: 11, failures: [], isComplete: true },
  });
});

async function verified(desk: Desk, args: readonly string[]): Promise<unknown> {
  const { code, stdout } = await desk.kop('verify', ...args, '--json');
  expect(code).toBe(0);
  return JSON.parse(stdout);
}

test('its proof still proves, and a record of then can be proven now', async () => {
  const desk = await deskOfThen();
  const check = (proof: string) => kop(['audit', 'check-proof', proof, '--key', desk.path('public.vkey')]);
  expect((await check(join(earlier, '48.proof.json'))).code).toBe(0);
  const now = desk.path('50.proof.json');
  expect((await desk.kop('prove', '50', '--with-text', '--out', now)).code).toBe(0);
  expect((await check(now)).code).toBe(0);
});
