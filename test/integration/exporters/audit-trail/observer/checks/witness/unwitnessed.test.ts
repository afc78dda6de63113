/** What the witness could not count stays unknown: over restarts, until a person has looked at it. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { declare } from '../../../../../../../exporters/audit-trail/index.js';
import { MemoryDirectory } from '../../../../../../../exporters/audit-trail/observer/memory.js';
import type {
  KeptPlace,
  Witness,
  WitnessedCount,
  WitnessReport,
} from '../../../../../../../exporters/audit-trail/witness/index.js';
import { silentLogger } from '../../../../../../../exporters/runtime/log.js';
import { looseFolder } from '../../../../../../../exporters/runtime/state/index.js';
import { observed } from '../../../../../../support/audit-trail/observed.js';

const lab = observed();
const signal = () => AbortSignal.timeout(30_000);
const place: KeptPlace = {
  source: 'scripted',
  lsn: '0/1',
  xmin: '1',
  timeline: '1',
  system: '',
  readTo: '0/1',
  from: '1',
  ledger: { committed: {} },
};

const counted = (from: number, to: number | string, counts: readonly WitnessedCount[] = []): WitnessReport => ({
  state: 'counted',
  from: String(from),
  to: String(to),
  counts,
  uncertain: [],
});
const started = (from: number): WitnessReport => ({ state: 'started', from: String(from) });
const gone: WitnessReport = { state: 'unknown', reason: 'the slot is gone', fix: 'make a slot' };

/** Says one thing after the other, and the last one over and over. */
function scripted(...reports: WitnessReport[]) {
  const resumed: KeptPlace[] = [];
  const witness: Witness = {
    poll: () => {
      const [next = gone] = reports.length > 1 ? reports.splice(0, 1) : reports;
      return Promise.resolve(next);
    },
    resume: (kept) => resumed.push(kept),
    kept: () => place,
    retained: () => undefined,
    close: () => Promise.resolve(),
  };
  return { witness, resumed };
}

async function directory(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'unwitnessed-'));
  onTestFinished(() => rm(folder, { recursive: true }));
  return folder;
}

/** An exporter that begins, in a state directory that stays. */
async function exporter(folder: string, ...reports: WitnessReport[]) {
  const { witness, resumed } = scripted(...reports);
  lab.watch({ witness, store: new MemoryDirectory(looseFolder(folder), silentLogger), declarations: folder });
  return { resumed };
}

const runExactChecks = () => lab.watching.observer.runExactChecks(signal());
const said = () => lab.watching.observer.state.evidence.get('witness');
const residual = () => lab.watching.metric('audit_trail_witness_residual', { table: 'public.accounts' });
const nothing = counted(1, 2, [{ schema: 'public', table: 'accounts', operation: 'UPDATE', changes: 0 }]);

test('a residual is not left standing while the witness says nothing', async () => {
  await lab.prepare();
  await exporter(await directory(), started(1), nothing, gone);
  await runExactChecks();
  expect(residual()).toBeUndefined();
  await runExactChecks();
  expect(residual()).toBe(0);
  await runExactChecks();
  expect(said()).toMatchObject({ state: 'unknown', reason: 'the slot is gone', fixes: ['make a slot'] });
  expect(residual()).toBeUndefined();
});

test.each([
  ['compared', false],
  ['described', true],
])('a residual is not left standing while the records cannot be %s', async (_, isDescribedAnew) => {
  await lab.prepare();
  await exporter(await directory(), started(1), nothing);
  await runExactChecks();
  await runExactChecks();
  expect(residual()).toBe(0);
  await lab.fixture.sql(`revoke select on audit.log from ${lab.fixture.observerRole}`);
  if (isDescribedAnew) lab.watching.observer.loop.change((state) => ({ ...state, shapeReadAt: 0 }));
  await lab.watching.observer.runFastChecks(signal());
  expect(lab.watching.observer.state.sql === undefined).toBe(isDescribedAnew);
  await runExactChecks();
  expect(said()).toMatchObject({ state: 'unknown', reason: expect.stringContaining('not asked: ') });
  expect(residual()).toBeUndefined();
});

test('a range that was lost is degraded evidence, over restarts, until everything has a new baseline', async () => {
  await lab.prepare();
  const folder = await directory();
  await exporter(folder, started(10), counted(10, 20), gone, started(30), counted(30, 40));
  for (let looks = 0; looks < 4; looks += 1) await runExactChecks();
  expect(said()).toMatchObject({ state: 'unknown', reason: 'counting begins here' });
  await runExactChecks();
  const lost = {
    state: 'degraded',
    reason: expect.stringMatching(/transactions 20 to 30 were never.*the slot is gone/),
  };
  expect(said()).toMatchObject(lost);
  expect(lab.watching.metric('audit_trail_evidence_state', { source: 'witness', state: 'degraded' })).toBe(1);
  await lab.watching.close();

  const { resumed } = await exporter(folder, counted(40, 50));
  await runExactChecks();
  expect(resumed).toEqual([place]);
  expect(said()).toMatchObject(lost);
  await declare(folder, lab.fixture.trail.name, {
    kind: 'baseline',
    by: 'ann',
    reason: 'looked into',
    at: new Date().toISOString(),
  });
  await lab.watching.observer.runFastChecks(signal());
  await runExactChecks();
  expect(said()).toMatchObject({
    state: 'ok',
    reason: expect.stringContaining('without 20 to 30, which stay unknown'),
  });
});

test('a restart that had to begin anew leaves a range that was never counted', async () => {
  await lab.prepare();
  const folder = await directory();
  await exporter(folder, started(10), counted(10, 20));
  await runExactChecks();
  await runExactChecks();
  expect(said().state).toBe('ok');
  await lab.watching.close();
  await exporter(folder, started(25), counted(25, 30));
  await runExactChecks();
  await runExactChecks();
  expect(said()).toMatchObject({ state: 'degraded', reason: expect.stringContaining('20 to 25') });
});

test('what was counted but could not be compared is told as such', async () => {
  await lab.prepare();
  await exporter(await directory(), started(10), counted(10, 20), counted(20, 'no id'), counted(30, 40));
  for (let looks = 0; looks < 3; looks += 1) await runExactChecks();
  expect(said().state).toBe('unknown');
  await runExactChecks();
  expect(said()).toMatchObject({ state: 'degraded', reason: expect.stringContaining('not compared with the records') });
});
