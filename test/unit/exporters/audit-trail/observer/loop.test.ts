/** What the loop does with the outcome of a check, and with its failure, whatever the check. */
import { expect, test } from 'vitest';
import type { Facts } from '../../../../../exporters/audit-trail/database/facts.js';
import { AuditMetrics } from '../../../../../exporters/audit-trail/metrics.js';
import { CannotCheck, type Check, type Outcome } from '../../../../../exporters/audit-trail/observer/check.js';
import {
  type RetentionMemory,
  retentionCheck,
} from '../../../../../exporters/audit-trail/observer/checks/retention.js';
import { Loop } from '../../../../../exporters/audit-trail/observer/loop.js';
import { slotOf } from '../../../../../exporters/audit-trail/observer/slots.js';
import { silentLogger } from '../../../../../exporters/runtime/log.js';
import { MetricStore } from '../../../../../exporters/runtime/metrics/index.js';
import { evidenceSources } from '../../../../../pack/audit-trail/metrics.js';
import { auditTrail } from '../../../../support/audit-trail/domain.js';

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
const fine = { state: 'ok', reason: 'fine', fixes: [] } as const;

/** A loop in which every source was fine so far. */
function loopWhereAllIsFine() {
  const trail = auditTrail('postgres://nowhere');
  const metrics = new AuditMetrics(new MetricStore()).trail(trail);
  const loop = new Loop(trail, { log: silentLogger, metrics });
  for (const source of evidenceSources)
    loop.change((state) => ({ ...state, evidence: state.evidence.with(source, fine) }));
  const seen = { facts, catalogue: { relations: [], triggers: [], functions: [] }, tables: [], coverage: new Map() };
  const poll = loop.poll(seen, { signal: AbortSignal.timeout(10_000), deadline: 0 });
  const hidden: string[] = [];
  const run = (run: Run, also: Partial<Check<RetentionMemory>> = {}) =>
    loop.run(
      slotOf('retention'),
      {
        name: 'retention',
        evidence: ['continuity', 'replay'],
        memory: retentionCheck.memory,
        run,
        hide: () => hidden.push('hidden'),
        accept: ({ found }) => ({ found }),
        ...also,
      },
      poll,
    );
  const unknown = () => evidenceSources.filter((source) => loop.state.evidence.get(source).state === 'unknown');
  return { loop, run, unknown, hidden, memory: () => loop.state.memory.checks.retention };
}

const failing: Run = () => Promise.reject(new CannotCheck('it broke', ['mend it']));
const outcome = (changes: Partial<Outcome<RetentionMemory>> = {}) => Promise.resolve({ memory: kept, ...changes });

test('a check that throws makes its own evidence unknown and no other, until it goes through', async () => {
  const { loop, run, unknown, hidden } = loopWhereAllIsFine();
  await run(failing);
  expect(unknown()).toEqual(['continuity', 'replay']);
  expect(loop.state.evidence.get('replay')).toEqual({ state: 'unknown', reason: 'it broke', fixes: ['mend it'] });
  expect(loop.state.errors.get('retention')?.reason).toBe('it broke');
  expect(hidden).toEqual(['hidden']);
  await run(() => outcome({ evidence: { continuity: fine, replay: fine } }));
  expect(unknown()).toEqual([]);
  expect(loop.state.errors.size).toBe(0);
});

test('a check says nothing of the evidence of others', async () => {
  const { run, unknown } = loopWhereAllIsFine();
  await run(() => outcome({ evidence: { counters: { state: 'unknown', reason: 'not mine', fixes: [] } } }));
  expect(unknown()).toEqual([]);
});

test('what a failed run had learned is remembered, and it has failed all the same', async () => {
  const { run, unknown, memory } = loopWhereAllIsFine();
  await run(() => outcome({ error: new Error('afterwards') }));
  expect(memory()).toEqual(kept);
  expect(unknown()).toEqual(['continuity', 'replay']);
});

test('a check whose database is gone loses the trail, where it says so', async () => {
  const { loop, run } = loopWhereAllIsFine();
  await run(() => Promise.reject(new Error('connection refused')), { isLostWith: () => true });
  expect(loop.state.lost).toContain('connection refused');
  expect(loop.state.errors.size).toBe(0);
});

test('a failure of a check whose observer has ended says nothing', async () => {
  const { loop, run, unknown } = loopWhereAllIsFine();
  loop.change((state) => ({ ...state, isRetired: true }));
  await run(failing);
  expect(unknown()).toEqual([]);
});

test('a baseline that is declared during a run is not undone by its outcome', async () => {
  const { loop, run, memory } = loopWhereAllIsFine();
  await run(() => {
    loop.change(({ memory: before, ...state }) => ({
      ...state,
      memory: { ...before, checks: { ...before.checks, retention: {} } },
    }));
    return outcome();
  });
  expect(memory().firstToKeep).toBeUndefined();
});

test('a check runs for as long as it has more to do, each time with what it remembers', async () => {
  const { run, memory } = loopWhereAllIsFine();
  await run(({ runs }, own) =>
    outcome({ memory: { firstToKeep: { ord: `${own.firstToKeep?.ord ?? ''}${runs}`, at: 1 } }, isMore: runs < 2 }),
  );
  expect(memory().firstToKeep?.ord).toBe('012');
});
