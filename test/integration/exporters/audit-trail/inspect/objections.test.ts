import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test, vi } from 'vitest';
import { report } from '../../../../../exporters/audit-trail/inspect/report.js';
import { createSealer } from '../../../../../exporters/audit-trail/seal/index.js';
import { silentLogger } from '../../../../../exporters/runtime/log.js';
import { CliLab, type Desk } from '../../../../support/audit-trail/cli-lab.js';
import { DeskWatch } from '../../../../support/audit-trail/desk-watch.js';

// Whole rounds of an observer, and programs in between.
vi.setConfig({ testTimeout: 90_000 });

let lab: CliLab;
let desk: Desk;
let watch: DeskWatch;

beforeAll(async () => {
  lab = await CliLab.open();
});
afterAll(() => lab.close());

beforeEach(async () => {
  desk = await lab.desk();
  await desk.seal();
  watch = new DeskWatch(desk);
  await watch.until(() => watch.isProven);
});
afterEach(() => watch.close());

/** What `kop audit status` ends with, and what it says against the records. */
async function judged() {
  const { code, stdout } = await desk.kop('status', '--json');
  const [found] = JSON.parse(stdout);
  return { code, objections: found.objections, seal: found.seal.state, tables: Object.values(watch.states) };
}

/** A record of the test's own, without the trail's rows: no table is the worse for it. */
const bystander = "(select id from audit.log where table_name = 'notes' and op = 'SNAPSHOT' order by id limit 1)";

describe('kop audit status', () => {
  test('ends with 0 while nothing speaks against the trail', async () => {
    expect(await judged()).toEqual({ code: 0, objections: [], seal: 'sealed', tables: ['ok', 'ok'] });
  });

  test('does not end with 0 while records were updated, whatever the tables say, until a baseline of everything', async () => {
    await desk.sql("update audit.log set reason = 'edited' where id = 1");
    await watch.until(() => Object.keys(watch.observer.state.memory.checks.counters.ledger?.judged ?? {}).length > 0);
    await watch.until(() => !watch.observer.hasSuspicion);
    const found = await judged();
    expect(found).toMatchObject({ code: 1, objections: ['audit records were updated or deleted (+1)'] });
    const { stdout } = await desk.kop('status');
    expect(stdout).toMatch(/Wrong with the records\n +- audit records were updated or deleted \(\+1\)/);
    await desk.kop('baseline', '--by', 'E. Hart', '--reason', 'INC-212');
    await watch.until(() => watch.isProven);
    expect(await judged()).toMatchObject({ code: 0, objections: [] });
  });

  test('does not end with 0 after an id that was never given out, over a restart of the exporter', async () => {
    await desk.sql(
      "insert into audit.log (id, op, relid, table_schema, table_name) select 9001, 'UPDATE', 0, 'elsewhere', 'gone'",
    );
    await watch.until(() => watch.observer.state.memory.identityBreaks !== undefined);
    await watch.close();
    watch = new DeskWatch(desk);
    await watch.look();
    expect(await judged()).toMatchObject({
      code: 1,
      objections: expect.arrayContaining(['an id is beyond all that the sequence gave out (1)']),
    });
  });

  test('does not end with 0 while records that must be kept are gone', async () => {
    const { firstToKeep } = watch.observer.state.memory.checks.retention;
    expect(firstToKeep).toBeDefined();
    await desk.sql('delete from audit.log where id = 1');
    expect(await judged()).toMatchObject({
      code: 1,
      objections: expect.arrayContaining(['records that must still be kept are gone']),
    });
  });

  test('does not end with 0 while sealed records are proven tampered with, and the evidence of the seal says it', async () => {
    await desk.sql(`update audit.log set reason = 'edited' where id = ${bystander}`);
    const sealer = createSealer(desk.trail(), { log: silentLogger });
    if (sealer === undefined) throw new Error('no seal');
    await sealer.sealNow();
    expect(sealer.status().evidence).toBe('ok');
    await sealer.verifyRolling(86_400_000);
    expect(sealer.status()).toMatchObject({
      state: 'sealing',
      evidence: 'degraded',
      reasons: [expect.stringMatching(/1 chunk of \d+ sealed records is not as sealed/)],
    });
    await sealer.stop();
    expect(await judged()).toMatchObject({ code: 1, seal: 'contradictory' });
    const { seal } = await report(desk.trail(), {
      stateDirectory: desk.path('state', 'audit-trail'),
      signal: AbortSignal.timeout(20_000),
    });
    expect(seal).toMatchObject({
      reason: expect.stringContaining('the records under entry 0 are not as sealed'),
      failedChunks: [{ seq: 0, kind: 'chunk' }],
    });
  });
});
