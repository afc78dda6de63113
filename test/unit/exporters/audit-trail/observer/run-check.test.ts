/** What the loop does with the outcome of a check, and with its failure, whatever the check. */
import { expect, test } from 'vitest';
import type { Facts } from '../../../../../exporters/audit-trail/database/facts.js';
import { AuditMetrics } from '../../../../../exporters/audit-trail/metrics.js';
import { CannotCheck, type Check, type Outcome } from '../../../../../exporters/audit-trail/observer/check.js';
import { type RetentionMemory, retention } from '../../../../../exporters/audit-trail/observer/checks/retention.js';
import { newLoopState } from '../../../../../exporters/audit-trail/observer/new-loop-state.js';
import { pollOf, runCheck } from '../../../../../exporters/audit-trail/observer/run-check.js';
import { slotOf } from '../../../../../exporters/audit-trail/observer/slots.js';
import { silentLogger } from '../../../../../exporters/runtime/log.js';
import { MetricStore } from '../../../../../exporters/runtime/metrics/index.js';
import { evidenceSources } from '../../../../../pack/metrics/index.js';
import { auditTrail } from '../../../../support/audit/domain.js';

type Run = Check<RetentionMemory>['run'];
const kept: RetentionMemory = { firstToKeep: { ord: '1', at: 1 } };
const facts: Facts = {
  version: 170_000,
  standby: false,
  database: 'nowhere',
  role: 'observer',
  superuser: false,
  xmin: 5n,
  xmax: 5n,
  clock: 0,
  ourClock: 0,
  postmasterStart: '',
  statsReset: undefined,
  trackCounts: true,
  trackFunctions: 'pl',
  trackCommitTimestamp: true,
  readsAllStats: true,
  system: undefined,
  timeline: undefined,
};
const fine = { state: 'ok', reason: 'fine', remedies: [] } as const;

/** A loop in which every source was fine so far. */
function loop() {
  const trail = auditTrail('postgres://nowhere');
  const metrics = new AuditMetrics(new MetricStore()).trail(trail);
  const state = newLoopState(trail, { log: silentLogger, metrics });
  for (const source of evidenceSources) state.evidence.set(source, fine);
  const seen = { facts, catalogue: { relations: [], triggers: [], functions: [] }, tables: [], coverage: new Map() };
  const poll = pollOf(state, seen, { signal: AbortSignal.timeout(10_000), deadline: 0 });
  const hidden: string[] = [];
  const run = (run: Run, also: Partial<Check<RetentionMemory>> = {}) =>
    runCheck(
      state,
      slotOf(state, 'retention'),
      {
        name: 'retention',
        evidence: ['continuity', 'replay'],
        memory: retention.memory,
        run,
        hide: () => hidden.push('hidden'),
        accept: ({ found }) => ({ found }),
        ...also,
      },
      poll,
    );
  const unknown = () => evidenceSources.filter((source) => state.evidence.get(source).state === 'unknown');
  return { state, run, unknown, hidden, memory: () => state.memory.checks.retention };
}

const failing: Run = () => Promise.reject(new CannotCheck('it broke', ['mend it']));
const outcome = (changes: Partial<Outcome<RetentionMemory>> = {}) => Promise.resolve({ memory: kept, ...changes });

test('a check that throws makes its own evidence unknown and no other, until it goes through', async () => {
  const { state, run, unknown, hidden } = loop();
  await run(failing);
  expect(unknown()).toEqual(['continuity', 'replay']);
  expect(state.evidence.get('replay')).toEqual({ state: 'unknown', reason: 'it broke', remedies: ['mend it'] });
  expect(state.errors.get('retention')?.reason).toBe('it broke');
  expect(hidden).toEqual(['hidden']);
  await run(() => outcome({ evidence: { continuity: fine, replay: fine } }));
  expect(unknown()).toEqual([]);
  expect(state.errors.size).toBe(0);
});

test('a check says nothing of the evidence of others', async () => {
  const { run, unknown } = loop();
  await run(() => outcome({ evidence: { counters: { state: 'unknown', reason: 'not mine', remedies: [] } } }));
  expect(unknown()).toEqual([]);
});

test('what a failed run had learned is remembered, and it has failed all the same', async () => {
  const { run, unknown, memory } = loop();
  await run(() => outcome({ error: new Error('afterwards') }));
  expect(memory()).toEqual(kept);
  expect(unknown()).toEqual(['continuity', 'replay']);
});

test('a check whose database is gone loses the trail, where it says so', async () => {
  const { state, run } = loop();
  await run(() => Promise.reject(new Error('connection refused')), { isLostWith: () => true });
  expect(state.lost).toContain('connection refused');
  expect(state.errors.size).toBe(0);
});

test('a failure of a check whose observer has ended says nothing', async () => {
  const { state, run, unknown } = loop();
  state.isRetired = true;
  await run(failing);
  expect(unknown()).toEqual([]);
});

test('a baseline that is declared during a run is not undone by its outcome', async () => {
  const { state, run, memory } = loop();
  await run(() => {
    state.memory.checks.retention = {};
    return outcome();
  });
  expect(memory().firstToKeep).toBeUndefined();
});

test('a check runs for as long as it has more to do, each time with what it remembers', async () => {
  const { run, memory } = loop();
  await run(({ runs }, own) =>
    outcome({ memory: { firstToKeep: { ord: `${own.firstToKeep?.ord ?? ''}${runs}`, at: 1 } }, isMore: runs < 2 }),
  );
  expect(memory().firstToKeep?.ord).toBe('012');
});
