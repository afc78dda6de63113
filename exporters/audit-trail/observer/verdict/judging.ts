import type { AuditTableState } from '../../../../pack/audit-trail/metrics.js';
import type { Memory } from '../memory.js';
import { goneWithFault } from '../tables/gone.js';
import { newTableMemory, type TableMemory } from '../tables/memory.js';
import { type AnsweredBy, answersOf } from './answers.js';
import { maintenanceOf } from './maintenance.js';
import { prove } from './proof.js';
import { nextState, type TableState } from './state.js';
import { unaccountedChanges } from './unaccounted.js';

/** What determines the states of tables, beside the memory. */
export interface JudgedBy extends AnsweredBy {
  /** Why the database cannot be seen. */
  readonly lost: string | undefined;
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
      proof: prove(answersOf(memory, by, label, own)),
      explanation: own.explanation?.reason,
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
