import { cp, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { z } from 'zod';
import { AuditMetrics } from '../../../../../exporters/audit-trail/metrics.js';
import { MemoryDirectory, newMemory } from '../../../../../exporters/audit-trail/observer/memory.js';
import { Observer } from '../../../../../exporters/audit-trail/observer/observer.js';
import { silentLogger } from '../../../../../exporters/runtime/log.js';
import { MetricStore } from '../../../../../exporters/runtime/metrics/index.js';
import { looseFolder } from '../../../../../exporters/runtime/state/index.js';
import { auditTrail } from '../../../../support/audit-trail/domain.js';

/** Written by the version before, of a trail with suspicions, proven faults, a scan under way and witnessed ranges. */
const first = 'test/fixtures/audit-trail/earlier/observer-state-1.json';

test('a state of the first version: nothing in it is lost, and it is written as the second', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'kop-memory-'));
  onTestFinished(() => rm(folder, { recursive: true }));
  await cp(first, join(folder, 'test.observer.json'));
  const before = JSON.parse(await readFile(first, 'utf8'));
  const store = new MemoryDirectory(looseFolder(folder), silentLogger);

  const memory = await store.load('test');
  expect(memory).toMatchObject({
    version: 2,
    trail: 'test',
    epoch: before.epoch,
    looks: before.looks,
    applied: before.applied,
    evidence: before.evidence,
    checks: {
      triggers: { fingerprints: before.fingerprints },
      storage: { recordFilenodes: before.recordFilenodes },
      counters: { ledger: before.ledger },
      reading: {
        progress: before.reading,
        landmark: before.landmark,
        recordNames: before.recordNames,
        uncalled: before.uncalled,
        recheck: before.recheck,
      },
      witness: before.witness,
      identity: before.identity,
      retention: { firstToKeep: before.firstToKeep },
      readability: before.readability,
    },
  });
  for (const [label, table] of [...Object.entries(before.tables), ...Object.entries(before.gone)]) {
    const own = memory.tables[label] ?? memory.gone[label];
    const { scan, scanned } = own?.replay ?? {};
    expect({ ...own, ...own?.storage, ...own?.triggers, ...own?.reading, sweep: scan, swept: scanned }).toMatchObject(
      withoutUnproven(withoutPending(table)),
    );
  }
  expect(Object.keys(memory.gone)).toEqual(Object.keys(before.gone));
  expect(memory.tables['public.accounts']?.confirmed?.counts).toEqual({ missing: 2 });
  expect(memory.tables['public.accounts']?.replay.scan?.cursor).toEqual(['82']);
  expect(memory.tables['public.holdings']?.suspicion?.causes).toHaveLength(1);
  expect(memory.checks.witness.never).toHaveLength(1);

  await store.save(memory);
  expect(await store.load('test')).toEqual(memory);
  expect(JSON.parse(await readFile(join(folder, 'test.observer.json'), 'utf8')).version).toBe(2);
});

/** No evidence was kept with what was proven, so it is to be proven again. */
function withoutUnproven<T extends object>(table: T): T {
  const proven = z.object({ state: z.object({ state: z.enum(['ok', 'explained']), since: z.number() }) });
  const { success, data } = proven.safeParse(table);
  if (!success) return table;
  const state = { state: 'unknown', reason: expect.stringMatching(/kept no evidence/), since: data.state.since };
  return { ...table, state };
}

test.each([
  [
    'why the witness said nothing',
    { witness: { comparedTo: '7', trouble: 'the slot is gone', never: [] } },
    'witness',
    { error: 'the slot is gone' },
  ],
  [
    'what counters of earlier epochs showed',
    { judged: { records_mutated: 3 } },
    'counters',
    { judged: { records_mutated: 3 } },
  ],
] as const)('a state of the first version: %s', async (_, change, check, expected) => {
  const folder = await mkdtemp(join(tmpdir(), 'kop-memory-'));
  onTestFinished(() => rm(folder, { recursive: true }));
  const before = {
    ...JSON.parse(await readFile(first, 'utf8')),
    orderLost: { at: 5 },
    identityBreaks: { regressed: 1 },
    ...change,
  };
  await writeFile(join(folder, 'test.observer.json'), JSON.stringify(before));
  const memory = await new MemoryDirectory(looseFolder(folder), silentLogger).load('test');
  expect(memory).toMatchObject({ orderLost: { at: 5 }, identityBreaks: { regressed: 1 } });
  expect(memory.checks[check]).toMatchObject(expected);
});

/** Whether the scan after a baseline has ended is known of the scan itself. */
function withoutPending(table: unknown): object {
  const { accepted, ...rest } = Object(table);
  if (accepted === undefined) return rest;
  const { isSweepPending: _, ...kept } = accepted;
  return { ...rest, accepted: kept };
}

test('is read once, although both paces ask for it at once', async () => {
  const trail = auditTrail('postgres://nobody@127.0.0.1:1/nowhere');
  let loads = 0;
  const observer = new Observer(trail, {
    log: silentLogger,
    metrics: new AuditMetrics(new MetricStore()).trail(trail),
    memory: {
      load: async (name) => {
        loads += 1;
        return newMemory(name);
      },
      save: () => Promise.resolve(),
    },
  });
  const signal = AbortSignal.timeout(10_000);
  await Promise.all([observer.runFastChecks(signal), observer.runFastChecks(signal)]);
  await observer.close();
  expect(loads).toBe(1);
  expect(observer.state.lost).toBeDefined();
});
