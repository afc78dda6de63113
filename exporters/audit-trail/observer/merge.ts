import type { Facts } from '../database/facts.js';
import type { Check, Outcome, Poll } from './check.js';
import type { LoopState } from './loop-state.js';
import type { Slot } from './slots.js';
import { newTableMemory, type TableMemory } from './tables/memory.js';
import { confirm, withAccepted } from './verdict/confirming.js';
import { inNewEpoch } from './verdict/epoch-start.js';
import type { Finding, FindingVerdict } from './verdict/findings.js';
import { withIdentityBreaks } from './verdict/identity-breaks.js';
import { type Declared, maintenanceOf } from './verdict/maintenance.js';
import { withSuspicion } from './verdict/suspicions.js';
import { withUnmatched } from './verdict/unmatched.js';

/** Of one run. */
export interface Ran<M> {
  readonly outcome: Outcome<M>;
  /** Which memory of its own the run began with. */
  readonly version: unknown;
  readonly facts: Facts;
  readonly settleMs: number;
  readonly now: number;
}

export interface MergedOutcome<M> {
  readonly state: LoopState;
  /** What the check remembers now. */
  readonly own: M;
  /** Findings that count from now on. */
  readonly counted: readonly Finding[];
  readonly suspected: readonly { readonly table: string; readonly cause: string }[];
}

/** The state after the outcome of a run. */
export function mergeOutcome<M, P extends Poll>(
  state: LoopState,
  slot: Slot<M>,
  check: Check<M, P>,
  { outcome, version, facts, settleMs, now }: Ran<M>,
): MergedOutcome<M> {
  const { trail, declarations, seen } = state;
  const declared = { declarations, applied: state.memory.applied, settleMs, now };
  const isUnchanged = slot.version(state.memory) === version;
  const remembered = withIdentityBreaks(
    outcome.isOrderLost === true ? { ...state.memory, orderLost: state.memory.orderLost ?? { at: now } } : state.memory,
    outcome.breaks ?? {},
  );
  const raised = suspectTables(remembered.tables, outcome, declared, seen?.facts.xmax ?? 0n);
  const confirmed = judged(raised.tables, outcome.findings ?? [], (table) => ({
    maintenance: maintenanceOf(declared, table),
    records: trail.records,
    now,
  }));
  const next = outcome.afterwards?.(confirmed.verdicts) ?? outcome.memory;
  // A baseline may have been declared during the run, and the run does not know of it.
  const own = isUnchanged ? next : (check.accept?.(next) ?? next);
  const stored = slot.set({ ...remembered, tables: confirmed.tables }, own);
  const unmatched = withUnmatched(stored.unmatched, confirmed.counted, now);
  const explained = { ...stored, unmatched, tables: withExplanations(stored.tables, outcome, now) };
  const { epoch } = explained;
  const counted =
    outcome.isUncounted === true && epoch !== undefined
      ? { ...explained, epoch: { ...epoch, isUncounted: true } }
      : explained;
  return {
    state: {
      ...state,
      memory: outcome.epoch === undefined ? counted : inNewEpoch(counted, facts, outcome.epoch, now),
      evidence: check.evidence.reduce((book, source) => {
        const evidence = outcome.evidence?.[source];
        return evidence === undefined ? book : book.with(source, evidence);
      }, state.evidence),
    },
    own,
    counted: confirmed.counted,
    suspected: raised.suspected,
  };
}

type Tables = Readonly<Record<string, TableMemory>>;

export function suspectTables(
  before: Tables,
  { suspicions = [] }: Pick<Outcome<unknown>, 'suspicions'>,
  declared: Declared,
  xmax: bigint,
) {
  const tables: Record<string, TableMemory> = { ...before };
  const causes: { readonly table: string; readonly cause: string }[] = [];
  for (const { table, alarm } of suspicions) {
    const own = tables[table] ?? newTableMemory();
    const at = { maintenance: maintenanceOf(declared, table), xmax, now: declared.now };
    const next = withSuspicion(own, alarm, at);
    tables[table] = next;
    if (next.suspicion !== own.suspicion) causes.push({ table, cause: alarm.detail });
  }
  return { tables, suspected: causes };
}

function judged(
  before: Tables,
  findings: readonly Finding[],
  circumstances: (table: string) => Parameters<typeof confirm>[2],
) {
  const tables: Record<string, TableMemory> = { ...before };
  const verdicts: FindingVerdict[] = [];
  const counted: Finding[] = [];
  for (const [table, places] of placesByTable(findings)) {
    const own = places.flatMap((place) => findings[place] ?? []);
    const found = confirm(tables[table] ?? newTableMemory(), own, circumstances(table));
    tables[table] = found.table;
    counted.push(...found.counted);
    for (const [index, verdict] of found.verdicts.entries()) verdicts[places[index] ?? 0] = verdict;
  }
  return { tables, counted, verdicts };
}

function placesByTable(findings: readonly Finding[]): ReadonlyMap<string, readonly number[]> {
  const places = new Map<string, number[]>();
  for (const [place, { table }] of findings.entries()) {
    const known = places.get(table);
    if (known === undefined) places.set(table, [place]);
    else known.push(place);
  }
  return places;
}

function withExplanations(before: Tables, { explanations = [], accepted }: Outcome<unknown>, now: number): Tables {
  const tables: Record<string, TableMemory> = { ...before };
  for (const { table, reason } of explanations)
    tables[table] = { ...(tables[table] ?? newTableMemory()), explanation: { reason, at: now } };
  if (accepted !== undefined) {
    const own = tables[accepted.table] ?? newTableMemory();
    tables[accepted.table] = withAccepted(own, accepted.ids);
  }
  return tables;
}
