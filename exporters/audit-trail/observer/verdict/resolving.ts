import type { AuditRecords } from '../../../../pack/audit-trail/model.js';
import { agreementAt, longestLateMs } from '../checks/counters/invariants.js';
import { isUnaccountable } from '../checks/counters/steps.js';
import { isRechecked } from '../checks/reading/recheck.js';
import type { Memory } from '../memory.js';
import { newTableMemory, type TableMemory } from '../tables/memory.js';
import { account, isMatched } from './accounting.js';
import { confirm } from './confirming.js';
import { type Finding, findingId } from './findings.js';
import { type Declared, maintenanceOf } from './maintenance.js';
import type { Suspicion } from './state.js';
import { unmatchedCounts, withoutOldUnmatched, withUnmatched } from './unmatched.js';

/** Of one suspicion, changes that the witness saw and that are confirmed one by one. */
const MOST_WITNESSED = 10_000;

export interface ResolvedAt {
  /** Tables in scope. */
  readonly labels: readonly string[];
  readonly declared: Declared;
  readonly records: AuditRecords | undefined;
  /** The witness counts at present, so its word is waited for. */
  readonly isWitnessed: boolean;
}

export interface ResolvedSuspicions {
  readonly memory: Memory;
  /** Findings that count from now on. */
  readonly counted: readonly Finding[];
  readonly ended: readonly { readonly table: string; readonly as: string }[];
}

/** Ends the suspicions that the exact checks have gone through, and then decides on what counters show. */
export function resolveSuspicions(memory: Memory, at: ResolvedAt): ResolvedSuspicions {
  const { now } = at.declared;
  const settled = at.labels.flatMap((label) => {
    const own = memory.tables[label] ?? newTableMemory();
    const { suspicion } = own;
    if (suspicion === undefined || !isSettled(memory, own, suspicion, at)) return [];
    return [{ label, ...settle(memory, label, own, suspicion, at) }];
  });
  const tables = { ...memory.tables, ...Object.fromEntries(settled.map(({ label, own }) => [label, own])) };
  const counted = settled.flatMap((each) => each.counted);
  const unmatched = withUnmatched(memory.unmatched, counted, now);
  const next = { ...memory, tables, unmatched };
  const isCounting = Object.values(tables).some(({ suspicion }) =>
    suspicion?.causes.some(({ kind }) => kind === 'counters'),
  );
  return {
    memory: isCounting ? next : accounted(next, at),
    counted,
    ended: settled.map(({ label, as }) => ({ table: label, as })),
  };
}

function accounted(memory: Memory, { declared }: ResolvedAt): Memory {
  const { now, settleMs } = declared;
  const { counters: before, witness } = memory.checks;
  if (before.checking.length === 0)
    return { ...memory, unmatched: withoutOldUnmatched(memory.unmatched, settleMs, now) };
  const { comparedFrom: from, comparedTo: to } = witness;
  const witnessed = from === undefined || to === undefined ? undefined : { from, to };
  const { counters, explained } = account(before, {
    confirmed: unmatchedCounts(memory.unmatched),
    witnessed,
    longestLateMs: longestLateMs(settleMs),
    now,
  });
  const { ledger } = counters;
  const agreedAt = agreementAt(memory.looks, now, settleMs);
  const agreed = ledger === undefined ? {} : { ledger: { ...ledger, agreed: { ...ledger.last.audited }, agreedAt } };
  const tables: Record<string, TableMemory> = { ...memory.tables };
  for (const { tables: suspects, evidence: reason } of explained) {
    for (const { table } of suspects) {
      const own = tables[table];
      if (own !== undefined && own.confirmed === undefined)
        tables[table] = { ...own, explanation: { reason, at: now } };
    }
  }
  return {
    ...memory,
    tables,
    // A fault that changed records may still show in the other counters.
    unmatched: before.checking.some(({ invariant }) => isUnaccountable(invariant)) ? [] : memory.unmatched,
    checks: { ...memory.checks, counters: { ...counters, ...agreed } },
  };
}

/** A full scan and all records that were then due, both after the newest cause; and nothing more can be reported or counted. */
function isSettled(
  { checks, unmatched }: Memory,
  { replay }: TableMemory,
  suspicion: Suspicion,
  { declared, isWitnessed }: ResolvedAt,
): boolean {
  const { progress } = checks.reading;
  const { scanned } = replay;
  const { causes, newestAt, xmax } = suspicion;
  const isScanned = scanned !== undefined && scanned.startedAt >= newestAt && scanned.postponed === 0;
  const isRead =
    progress !== undefined && progress.caughtUpAt >= newestAt && BigInt(progress.caughtUpTo) >= BigInt(xmax);
  const isReported =
    causes.every(({ kind }) => kind !== 'counters') ||
    declared.now - newestAt >= longestLateMs(declared.settleMs) ||
    isMatched(checks.counters.checking, unmatchedCounts(unmatched));
  const isCompared = !isWitnessed || BigInt(checks.witness.comparedTo ?? 0) >= BigInt(xmax);
  return (
    isScanned &&
    isRead &&
    isReported &&
    isCompared &&
    (!suspicion.needsRecheck || isRechecked(checks.reading, newestAt))
  );
}

interface Settled {
  readonly own: TableMemory;
  readonly counted: readonly Finding[];
  /** For the log. */
  readonly as: string;
}

function settle(memory: Memory, label: string, own: TableMemory, suspicion: Suspicion, at: ResolvedAt): Settled {
  const { declared, records } = at;
  const { suspicion: _, ...cleared } = own;
  const { now } = declared;
  const maintenance = maintenanceOf(declared, label);
  const findings = own.confirmed === undefined ? witnessed(label, suspicion) : [];
  const { table, counted } = confirm(cleared, findings, { maintenance, records, now });
  if (table.confirmed !== undefined) return { own: table, counted, as: 'confirmed' };
  const reason = explanationOf(memory, suspicion);
  if (reason === undefined) return { own: table, counted, as: 'rows and records agree' };
  return { own: { ...table, explanation: { reason, at: now } }, counted, as: reason };
}

/** The write-ahead log is exact: what it says happened did, also when no row shows it any more. */
function witnessed(label: string, { causes, xmax }: Suspicion): Finding[] {
  return causes.flatMap(({ kind, detail, amount, operation }) => {
    if (kind !== 'witness' || operation === undefined) return [];
    return Array.from({ length: Math.min(Math.abs(amount), MOST_WITNESSED) }, (_, n): Finding => {
      const id = findingId(label, `witness ${operation} ${n}`, xmax);
      const what = amount > 0 ? 'missing' : 'unexplained';
      return { table: label, kind: what, operation, check: 'witness', id, key: '', detail };
    });
  });
}

/** Undefined for what only counters show: rows and records that agree say nothing about it. `account` decides on that. */
function explanationOf({ checks }: Memory, { causes }: Suspicion): string | undefined {
  const { truncates } = checks.reading.uncalled;
  const texts = causes.flatMap(({ kind, detail }) => {
    switch (kind) {
      case 'counters':
        return [];
      case 'storage':
        return truncates > 0
          ? `${detail}; what is there now agrees with the records`
          : `${detail} without a change of values`;
      case 'records':
        return `${detail}; all histories still agree`;
      default:
        return `${detail}; nothing was missed`;
    }
  });
  return texts.length === 0 ? undefined : texts.join('; ');
}
