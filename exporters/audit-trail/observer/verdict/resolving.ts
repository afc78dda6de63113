import { auditInvariants } from '../../../../pack/audit-trail/metrics.js';
import type { AuditRecords } from '../../../../pack/audit-trail/model.js';
import type { Amounts, CountersMemory } from '../checks/counters/invariants.js';
import { isRechecked } from '../checks/reading/recheck.js';
import type { Memory } from '../memory.js';
import { newTableMemory, type TableMemory } from '../tables/memory.js';
import { confirm } from './confirming.js';
import { type Finding, findingId } from './findings.js';
import { type Changing, isBeyondExplaining } from './judged.js';
import { type Declared, maintenanceOf } from './maintenance.js';
import type { Suspicion } from './state.js';

/** Of one suspicion, changes that the witness saw and that are confirmed one by one. */
const MOST_WITNESSED = 10_000;

export interface ResolvedAt {
  /** Tables in scope. */
  readonly labels: readonly string[];
  readonly declared: Declared;
  readonly records: AuditRecords | undefined;
}

export interface ResolvedSuspicions {
  readonly memory: Memory;
  /** Findings that count from now on. */
  readonly counted: readonly Finding[];
  readonly ended: readonly { readonly table: string; readonly as: string }[];
}

/** Ends the suspicions that the exact checks have gone through. */
export function resolveSuspicions(memory: Memory, at: ResolvedAt): ResolvedSuspicions {
  const settled = at.labels.flatMap((label) => {
    const own = memory.tables[label] ?? newTableMemory();
    const { suspicion } = own;
    if (suspicion === undefined || !isSettled(memory, own, suspicion)) return [];
    return [{ label, ...settle(memory, label, own, suspicion, at) }];
  });
  const tables = { ...memory.tables, ...Object.fromEntries(settled.map(({ label, own }) => [label, own])) };
  const isCounting = Object.values(tables).some(({ suspicion }) =>
    suspicion?.causes.some(({ kind }) => kind === 'counters'),
  );
  const hasFault = Object.values(tables).some(({ confirmed }) => confirmed !== undefined);
  const counters = isCounting ? memory.checks.counters : withoutPending(memory.checks.counters, hasFault);
  return {
    memory: { ...memory, tables, checks: { ...memory.checks, counters } },
    counted: settled.flatMap(({ counted }) => counted),
    ended: settled.map(({ label, as }) => ({ table: label, as })),
  };
}

/** A full scan and all records that were then due, both after the newest cause. */
function isSettled({ checks }: Memory, { replay }: TableMemory, suspicion: Suspicion): boolean {
  const { progress } = checks.reading;
  const { scanned } = replay;
  const isScanned = scanned !== undefined && scanned.startedAt >= suspicion.newestAt && scanned.postponed === 0;
  const isRead =
    progress !== undefined &&
    progress.caughtUpAt >= suspicion.newestAt &&
    BigInt(progress.caughtUpTo) >= BigInt(suspicion.xmax);
  return isScanned && isRead && (!suspicion.needsRecheck || isRechecked(checks.reading, suspicion.newestAt));
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
  if (agreeAgain(memory, suspicion))
    return { own: table, counted, as: table.explanation?.reason ?? 'counters agree again' };
  const reason = explanationOf(memory, suspicion);
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

/** Sides that were only reported at different times, or records that were only not read yet, need no explanation. */
function agreeAgain({ checks }: Memory, { causes }: Suspicion): boolean {
  const { ledger, found = {} } = checks.counters;
  const { explained = {}, judged = {} } = ledger ?? {};
  const isLeft = auditInvariants.some(
    (invariant) => (found[invariant] ?? 0) !== (explained[invariant] ?? 0) + (judged[invariant] ?? 0),
  );
  return !isLeft && causes.every(({ kind }) => kind === 'counters');
}

function explanationOf({ checks }: Memory, { causes }: Suspicion): string {
  const { truncates } = checks.reading.uncalled;
  const texts = causes.map(({ kind, detail, amount }) => {
    switch (kind) {
      case 'counters':
        return `${detail} (${amount > 0 ? '+' : ''}${amount}), but rows and records do: ${usual(truncates, amount)}`;
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
  return texts.join('; ');
}

function usual(truncates: number, amount: number): string {
  if (amount < 0 && truncates > 0) return 'rows were written and truncated in one transaction';
  return amount > 0
    ? 'a statement failed midway, or a change was undone'
    : 'records were written without a change that lasted';
}

/**
 * The mismatch that was checked is explained and taken off. It stays visible until a baseline is declared when a fault
 * was found, or when normal operation cannot produce it.
 */
function withoutPending(own: CountersMemory, hasFault: boolean): CountersMemory {
  const { ledger } = own;
  if (ledger === undefined) return own;
  const explained: Changing<Amounts> = { ...ledger.explained };
  const judged: Changing<Amounts> = { ...ledger.judged };
  for (const invariant of auditInvariants) {
    const amount = ledger.pending[invariant] ?? 0;
    if (amount === 0) continue;
    const target = hasFault || isBeyondExplaining(invariant, amount) ? judged : explained;
    target[invariant] = (target[invariant] ?? 0) + amount;
  }
  const agreed = Object.keys(ledger.pending).length > 0 ? { ...ledger.last.audited } : ledger.agreed;
  return { ...own, ledger: { ...ledger, explained, judged, agreed, pending: {} } };
}
