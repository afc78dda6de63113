import { auditInvariants } from '../../../../pack/metrics/index.js';
import { settlingOf } from '../checks/counters/invariants.js';
import { orderLostText } from '../checks/ordering.js';
import { isRechecked } from '../checks/reading/recheck.js';
import { type LoopState, tableMemory } from '../loop-state.js';
import { goneWithFault } from '../tables/gone.js';
import type { TableMemory } from '../tables/memory.js';
import { confirm, maintenanceOf } from './alarms.js';
import { findingId } from './findings.js';
import { isBeyondExplaining } from './judged.js';
import { nextState, type Suspicion } from './state.js';

/** Ends suspicions that the exact checks have gone through, and says what state each table is in. */
export function resolve(context: LoopState): void {
  const { seen, memory } = context;
  for (const { label } of seen?.tables ?? []) {
    const own = tableMemory(context, label);
    if (own.suspicion !== undefined && isSettled(context, own, own.suspicion))
      settle(context, label, own, own.suspicion);
  }
  const isCounting = Object.values(memory.tables).some(({ suspicion }) =>
    suspicion?.causes.some(({ kind }) => kind === 'counters'),
  );
  if (!isCounting) settlePending(context);
}

/** Whole replay and all records that were then due, both after the newest cause. */
function isSettled({ memory }: LoopState, { replay }: TableMemory, suspicion: Suspicion): boolean {
  const { progress: reading } = memory.checks.reading;
  const { scanned } = replay;
  const isSwept = scanned !== undefined && scanned.startedAt >= suspicion.newestAt && scanned.postponed === 0;
  const isRead =
    reading !== undefined &&
    reading.caughtUpAt >= suspicion.newestAt &&
    BigInt(reading.caughtUpTo) >= BigInt(suspicion.xmax);
  return isSwept && isRead && (!suspicion.needsRecheck || isRechecked(memory.checks.reading, suspicion.newestAt));
}

function settle(context: LoopState, label: string, own: TableMemory, suspicion: Suspicion): void {
  delete own.suspicion;
  if (own.confirmed === undefined) believeWitness(context, label, suspicion);
  const isFaulty = own.confirmed !== undefined;
  if (!isFaulty && !agreeAgain(context, suspicion))
    own.explanation = { reason: explain(context, suspicion), at: context.options.now() };
  context.log.info('audit trail suspicion resolved', {
    table: label,
    as: isFaulty ? 'confirmed' : (own.explanation?.reason ?? 'counters agree again'),
  });
}

/** The write-ahead log is exact: what it says happened did, also when no row shows it any more. */
function believeWitness(context: LoopState, label: string, { causes, xmax }: Suspicion): void {
  for (const { kind, detail, amount, operation } of causes) {
    if (kind !== 'witness' || operation === undefined) continue;
    for (let n = 0; n < Math.min(Math.abs(amount), MOST_WITNESSED); n += 1) {
      const id = findingId(label, `witness ${operation} ${n}`, xmax);
      confirm(context, {
        table: label,
        kind: amount > 0 ? 'missing' : 'unexplained',
        operation,
        check: 'witness',
        id,
        key: '',
        detail,
      });
    }
  }
}

/** Sides that were only reported at different times, or records that were only not read yet, need no explanation. */
function agreeAgain({ memory }: LoopState, { causes }: Suspicion): boolean {
  const { ledger, found = {} } = memory.checks.counters;
  const { explained = {}, judged = {} } = ledger ?? {};
  const isLeft = auditInvariants.some(
    (invariant) => (found[invariant] ?? 0) !== (explained[invariant] ?? 0) + (judged[invariant] ?? 0),
  );
  return !isLeft && causes.every(({ kind }) => kind === 'counters');
}

function explain({ memory }: LoopState, { causes }: Suspicion): string {
  const texts = causes.map(({ kind, detail, amount }) => {
    switch (kind) {
      case 'counters':
        return `${detail} (${amount > 0 ? '+' : ''}${amount}), but rows and records do: ${usual(memory.checks.reading.uncalled.truncates, amount)}`;
      case 'storage':
        return memory.checks.reading.uncalled.truncates > 0
          ? `${detail}; what is there now agrees with the records`
          : `${detail} without a change of values`;
      case 'records':
        return `${detail}; all histories still agree`;
      default:
        return `${detail}; nothing was missed`;
    }
  });
  return texts.join('; ');
}

function usual(truncates: number, amount: number): string {
  if (amount < 0 && truncates > 0) return 'rows were written and truncated in one transaction';
  return amount > 0
    ? 'a statement failed midway, or a change was undone'
    : 'records were written without a change that lasted';
}

/**
 * The residual that was looked into: explained and taken off, or left to be seen until a baseline is declared, when a
 * fault was found or when it is of the kind that no honest work leaves behind.
 */
function settlePending({ memory }: LoopState): void {
  const { ledger } = memory.checks.counters;
  if (ledger === undefined) return;
  const hasFault = Object.values(memory.tables).some(({ confirmed }) => confirmed !== undefined);
  for (const invariant of auditInvariants) {
    const amount = ledger.pending[invariant];
    if (amount === undefined || amount === 0) continue;
    const target = hasFault || isBeyondExplaining(invariant, amount) ? ledger.judged : ledger.explained;
    target[invariant] = (target[invariant] ?? 0) + amount;
  }
  if (Object.keys(ledger.pending).length > 0) ledger.agreed = { ...ledger.last.audited };
  ledger.pending = {};
}

const MOST_WITNESSED = 10_000;

export function judgeTables(context: LoopState): void {
  const { seen, trail, metrics, options, memory, log } = context;
  judgeGone(context);
  for (const { label } of seen?.tables ?? []) {
    const own = tableMemory(context, label);
    retireExplanation(context, label, own);
    const before = own.state;
    own.state = nextState(
      before,
      {
        confirmed: confirmedText(own),
        lost: context.lost,
        suspicion: own.suspicion,
        blind: blindness(context, label, own),
        explanation: own.explanation?.reason,
        unproven: unproven(context, own),
      },
      trail.observe.resolveWithinMs,
      options.now(),
    );
    if (before !== undefined && before.state !== own.state.state)
      log[own.state.state === 'confirmed' ? 'error' : 'info']('audit trail state', {
        table: label,
        from: before.state,
        to: own.state.state,
        reason: own.state.reason,
      });
    metrics.state(label, own.state.state);
    const isKnown = own.state.state !== 'unknown' && memory.checks.counters.ledger !== undefined;
    const events = own.reading.epochRecords + own.epochMissing;
    metrics.completeness(label, isKnown ? (events === 0 ? 1 : own.reading.epochRecords / events) : undefined);
  }
}

/** A name without a table is confirmed, or not shown at all. */
function judgeGone(context: LoopState): void {
  const { memory, options } = context;
  for (const label of goneWithFault(memory)) {
    const own = memory.gone[label];
    if (own === undefined) continue;
    const since = own.state?.state === 'confirmed' ? own.state.since : options.now();
    own.state = { state: 'confirmed', reason: `${confirmedText(own)}; no table in scope has this name now`, since };
    context.metrics.state(label, 'confirmed');
  }
}

/** An explanation is shown until the next sweep after it went through and found nothing. */
function retireExplanation(context: LoopState, label: string, own: TableMemory): void {
  const { explanation } = own;
  const { scanned } = own.replay;
  if (explanation === undefined || maintenanceOf(context, label) !== undefined) return;
  if (own.suspicion === undefined && scanned?.isClean === true && scanned.startedAt > explanation.at)
    delete own.explanation;
}

function confirmedText({ confirmed }: TableMemory): string | undefined {
  if (confirmed === undefined) return undefined;
  const counts = Object.entries(confirmed.counts).map(([kind, n]) => `${n} ${kind}`);
  return `${counts.join(', ')}; last: ${confirmed.last}`;
}

function blindness(context: LoopState, label: string, own: TableMemory): string | undefined {
  const { trail, evidence } = context;
  if (context.whyNoRecords !== undefined) return context.whyNoRecords;
  const disorder = orderLostText(context.memory, context.sql);
  if (disorder !== undefined) return disorder;
  const unread = context.errors.get('reading')?.reason ?? context.memory.checks.reading.blind;
  if (unread !== undefined) return `records cannot be checked: ${unread}`;
  const lacking = Math.max(own.reading.lackingImages, own.replay.scanned?.lackingImages ?? 0);
  if (lacking > 0) return `${lacking} records lack the image that they should have`;
  if (trail.records?.writtenBy === 'trigger') {
    if (own.triggers.isRecording === false) return 'not every operation is recorded';
    if (evidence.get('counters').state === 'unknown') return `counters: ${evidence.get('counters').reason}`;
  }
  if (trail.records?.writtenBy === 'application') {
    const vacuous = vacuity(context, label);
    if (vacuous !== undefined) return vacuous;
  }
  const obstacle = context.obstacles.get(label) ?? context.memory.checks.replay.problems?.[label]?.reason;
  if (obstacle !== undefined) return obstacle;
  const failure = context.errors.get('replay');
  return failure === undefined ? undefined : `rows cannot be compared: ${failure.reason}`;
}

/**
 * No counter vouches for records that an application writes: what their images do not show, and what no record names, nothing
 * shows. A proof that could not have failed is none.
 */
function vacuity({ memory, seen, sql }: LoopState, label: string): string | undefined {
  if (sql?.hasImages === false)
    return 'the application writes the records and they hold no row images, so an UPDATE without a record cannot be seen';
  const leaves = seen?.tables.find((table) => table.label === label)?.leaves ?? [];
  const names = [label, ...leaves.map(({ schema, name }) => `${schema}.${name}`)];
  return names.some((name) => memory.checks.reading.recordNames.includes(name))
    ? undefined
    : 'the application writes the records and none of them names this table, so nothing shows that its changes are recorded';
}

function unproven({ memory, trail, options }: LoopState, { replay, accepted }: TableMemory): string | undefined {
  const { scanned } = replay;
  const { epoch } = memory;
  const { progress: reading } = memory.checks.reading;
  if (epoch === undefined || reading === undefined || !reading.everCaughtUp)
    return 'the records were not yet read to the end';
  const why = `since ${epoch.reason === 'start' ? 'the start' : epoch.reason.replaceAll('_', ' ')}`;
  if (reading.caughtUpAt < epoch.startedAt || BigInt(reading.caughtUpTo) < BigInt(epoch.xmax))
    return `not yet read to the end ${why}`;
  if (epoch.hasOldRecords === true && !isRechecked(memory.checks.reading, epoch.startedAt))
    return `old records were not yet gone through again ${why}`;
  if (scanned === undefined || scanned.startedAt < Math.max(epoch.startedAt, accepted?.at ?? 0))
    return `no whole comparison of rows and records yet ${why}`;
  if (!scanned.isClean) return 'the last comparison of rows and records was not clean';
  if (
    trail.records?.writtenBy === 'trigger' &&
    settlingOf(memory.checks.counters, options.settleMs).settled() === undefined
  )
    return 'counters are not yet known to agree';
  return undefined;
}
