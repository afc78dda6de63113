import type { AuditTableState } from '../../../../pack/audit-trail/metrics.js';
import type { AuditTrail } from '../../../../pack/audit-trail/model.js';
import type { Failure } from '../../../runtime/postgres/failure.js';
import type { CheckName } from '../../check-names.js';
import type { RecordsSql } from '../../records/sql.js';
import { settlingOf } from '../checks/counters/invariants.js';
import { orderLostText } from '../checks/ordering.js';
import { isRechecked } from '../checks/reading/recheck.js';
import type { Memory } from '../memory.js';
import { goneWithFault } from '../tables/gone.js';
import { newTableMemory, type TableMemory } from '../tables/memory.js';
import type { ScopedTable } from '../tables/scope.js';
import type { EvidenceBook } from './evidence.js';
import { type Declared, maintenanceOf } from './maintenance.js';
import { nextState, type TableState } from './state.js';
import { unaccountedChanges } from './unaccounted.js';

/** What determines the states of tables, beside the memory. */
export interface JudgedBy {
  readonly trail: AuditTrail;
  readonly tables: readonly ScopedTable[];
  readonly sql: RecordsSql | undefined;
  readonly whyNoRecords: string | undefined;
  /** Why the database cannot be seen. */
  readonly lost: string | undefined;
  readonly evidence: EvidenceBook;
  /** Of checks whose last run failed. */
  readonly errors: ReadonlyMap<CheckName, Failure>;
  /** Why a table cannot be compared, by label. */
  readonly obstacles: ReadonlyMap<string, string>;
  readonly declared: Declared;
}

export interface JudgedTables {
  readonly memory: Memory;
  readonly states: readonly {
    readonly table: string;
    readonly before: TableState | undefined;
    readonly state: TableState;
    /** Share of the changes of this epoch that were recorded; undefined when it cannot be told. */
    readonly completenessRatio: number | undefined;
  }[];
  /** Of names without a table. */
  readonly gone: readonly { readonly table: string; readonly state: AuditTableState }[];
}

/** Says what state each table is in. */
export function judgeTables(memory: Memory, by: JudgedBy): JudgedTables {
  const gone = judgeGone(memory, by.declared.now);
  const judged = by.tables.map(({ label }) => {
    const before = memory.tables[label] ?? newTableMemory();
    const own = withoutOldExplanation(before, maintenanceOf(by.declared, label) !== undefined);
    const state = stateOf(memory, by, label, own);
    return { label, before: before.state, own: { ...own, state }, state };
  });
  const isCounted = memory.checks.counters.ledger !== undefined;
  return {
    memory: {
      ...memory,
      tables: { ...memory.tables, ...Object.fromEntries(judged.map(({ label, own }) => [label, own])) },
      gone: { ...memory.gone, ...Object.fromEntries(gone) },
    },
    states: judged.map(({ label, before, own, state }) => ({
      table: label,
      before,
      state,
      completenessRatio: isCounted && state.state !== 'unknown' ? completenessOf(own) : undefined,
    })),
    gone: gone.map(([table]) => ({ table, state: 'confirmed' })),
  };
}

function stateOf(memory: Memory, by: JudgedBy, label: string, own: TableMemory): TableState {
  return nextState(
    own.state,
    {
      confirmed: confirmedText(own),
      lost: by.lost,
      suspicion: own.suspicion,
      blind: blindness(memory, by, label, own),
      explanation: own.explanation?.reason,
      unproven: unproven(memory, by, own),
      unaccounted: unaccountedChanges(memory.checks.counters).reduce((sum, { changes }) => sum + changes, 0),
    },
    by.trail.observe.resolveWithinMs,
    by.declared.now,
  );
}

function completenessOf({ reading, epochMissing }: TableMemory): number {
  const events = reading.epochRecords + epochMissing;
  return events === 0 ? 1 : reading.epochRecords / events;
}

/** A name without a table is confirmed, or not shown at all. */
function judgeGone(memory: Memory, now: number): readonly (readonly [string, TableMemory])[] {
  return goneWithFault(memory).flatMap((label) => {
    const own = memory.gone[label];
    if (own === undefined) return [];
    const since = own.state?.state === 'confirmed' ? own.state.since : now;
    const reason = `${confirmedText(own)}; no table in scope has this name now`;
    return [[label, { ...own, state: { state: 'confirmed', reason, since } }] as const];
  });
}

/** An explanation is shown until the next full scan after it ended and found nothing. */
function withoutOldExplanation(own: TableMemory, isUnderMaintenance: boolean): TableMemory {
  const { explanation, ...rest } = own;
  const { scanned } = own.replay;
  const isOver =
    explanation !== undefined &&
    !isUnderMaintenance &&
    own.suspicion === undefined &&
    scanned?.isClean === true &&
    scanned.startedAt > explanation.at;
  return isOver ? rest : own;
}

function confirmedText({ confirmed }: TableMemory): string | undefined {
  if (confirmed === undefined) return undefined;
  const counts = Object.entries(confirmed.counts).map(([kind, n]) => `${n} ${kind}`);
  return `${counts.join(', ')}; last: ${confirmed.last}`;
}

function blindness(memory: Memory, by: JudgedBy, label: string, own: TableMemory): string | undefined {
  const { evidence, sql, errors } = by;
  const { records } = by.trail;
  if (by.whyNoRecords !== undefined) return by.whyNoRecords;
  const disorder = orderLostText(memory, sql);
  if (disorder !== undefined) return disorder;
  const unread = errors.get('reading')?.reason ?? memory.checks.reading.blind;
  if (unread !== undefined) return `records cannot be checked: ${unread}`;
  const withoutImages = Math.max(own.reading.lackingImages, own.replay.scanned?.lackingImages ?? 0);
  if (withoutImages > 0) return `${withoutImages} records lack the image that they should have`;
  if (records?.writtenBy === 'trigger') {
    if (own.triggers.isRecording === false) return 'not every operation is recorded';
    if (evidence.get('counters').state === 'unknown') return `counters: ${evidence.get('counters').reason}`;
  }
  if (records?.writtenBy === 'application') {
    const vacuous = vacuity(memory, by, label);
    if (vacuous !== undefined) return vacuous;
  }
  const obstacle = by.obstacles.get(label) ?? memory.checks.replay.problems?.[label]?.reason;
  if (obstacle !== undefined) return obstacle;
  const failure = errors.get('replay');
  return failure === undefined ? undefined : `rows cannot be compared: ${failure.reason}`;
}

/**
 * No counter vouches for records that an application writes: what their images do not show, and what no record names, nothing
 * shows. A proof that could not have failed is none.
 */
function vacuity({ checks }: Memory, { tables, sql }: JudgedBy, label: string): string | undefined {
  if (sql?.hasImages === false)
    return 'the application writes the records and they hold no row images, so an UPDATE without a record cannot be seen';
  const leaves = tables.find((table) => table.label === label)?.leaves ?? [];
  const names = [label, ...leaves.map(({ schema, name }) => `${schema}.${name}`)];
  return names.some((name) => checks.reading.recordNames.includes(name))
    ? undefined
    : 'the application writes the records and none of them names this table, so nothing shows that its changes are recorded';
}

function unproven({ epoch, checks }: Memory, by: JudgedBy, { replay, accepted }: TableMemory): string | undefined {
  const { scanned } = replay;
  const { progress } = checks.reading;
  if (epoch === undefined || progress === undefined || !progress.everCaughtUp)
    return 'the records were not yet read to the end';
  const why = `since ${epoch.reason === 'start' ? 'the start' : epoch.reason.replaceAll('_', ' ')}`;
  if (progress.caughtUpAt < epoch.startedAt || BigInt(progress.caughtUpTo) < BigInt(epoch.xmax))
    return `not yet read to the end ${why}`;
  if (epoch.hasOldRecords === true && !isRechecked(checks.reading, epoch.startedAt))
    return `old records were not yet gone through again ${why}`;
  if (scanned === undefined || scanned.startedAt < Math.max(epoch.startedAt, accepted?.at ?? 0))
    return `no whole comparison of rows and records yet ${why}`;
  if (!scanned.isClean) return 'the last comparison of rows and records was not clean';
  const isByTrigger = by.trail.records?.writtenBy === 'trigger';
  if (isByTrigger && settlingOf(checks.counters, by.declared.settleMs).settled() === undefined)
    return 'counters are not yet known to agree';
  return undefined;
}
