import type { z } from 'zod';
import type { EvidenceSource } from '../../../pack/audit-trail/metrics.js';
import type { AuditTrail } from '../../../pack/audit-trail/model.js';
import type { Failure } from '../../runtime/postgres/failure.js';
import type { Session } from '../../runtime/postgres/read-only.js';
import type { CheckName } from '../check-names.js';
import type { Facts } from '../database/facts.js';
import type { RecordsSql } from '../records/sql.js';
import type { LawfulDisposal } from '../seal/index.js';
import type { TrailMetrics } from '../trail-metrics.js';
import type { Known } from './known.js';
import type { LoadBudget } from './schedule/budget.js';
import type { Catalogue } from './tables/catalogue.js';
import type { Coverage } from './tables/coverage.js';
import type { FingerprintChanges } from './tables/fingerprints.js';
import type { ScopedTable } from './tables/scope.js';
import type { EpochReason } from './verdict/epoch.js';
import type { Evidence } from './verdict/evidence.js';
import type { Finding, FindingVerdict, IdentityKind } from './verdict/findings.js';
import type { Alarm } from './verdict/state.js';

/** How things stand while a check runs. A check changes nothing of it. */
export interface Poll {
  readonly trail: AuditTrail;
  /** As of the last fast check. */
  readonly facts: Facts;
  readonly tables: readonly ScopedTable[];
  readonly catalogue: Catalogue;
  /** What is remembered by now, of all checks; it may change between two runs. */
  readonly known: Known;
  /** Undefined while the records cannot be read, or where there are none. */
  readonly sql: RecordsSql | undefined;
  /** In the order in which they were stated. */
  readonly disposals: readonly LawfulDisposal[];
  readonly signal: AbortSignal;
  /** Begin nothing new after this moment of the monotonic clock. */
  readonly deadline: number;
  /** Of this check, in this poll, before this one. */
  readonly runs: number;
  readonly pace: Pace;
  /** Whole tables are read elsewhere, on a standby. */
  readonly isAside: boolean;
  /** What reading may take of one session's time. */
  readonly load: LoadBudget;
  now(): number;
  /** One transaction on the database that is observed. */
  read<T>(work: (session: Session) => Promise<T>): Promise<T>;
  /** The same where whole tables are read: on the standby, if there is one. */
  readAside<T>(work: (session: Session) => Promise<T>): Promise<T>;
}

/** A poll of the fast checks: all that they read is of one moment. */
export interface FastPoll extends Poll {
  readonly coverage: ReadonlyMap<string, Coverage>;
  /** Of triggers and functions, since the last poll. */
  readonly changes: FingerprintChanges;
  readonly whyNoRecords: string | undefined;
  isUnderMaintenance(table: string): boolean;
}

export interface Pace {
  /** How long two sides of an equality may differ because backends report late. */
  readonly settleMs: number;
  /** Records per window of the incremental checks. */
  readonly windowRows: number;
  /** An overlap re-scan reaches this much further back than the oldest open transaction. */
  readonly overlapMarginMs: number;
}

/** A poll while the records can be read. */
export interface RecordsPoll extends Poll {
  readonly sql: RecordsSql;
}

export interface Warning {
  readonly message: string;
  readonly detail: Readonly<Record<string, unknown>>;
}

/** What one run of a check found out. The loop puts it where it belongs; until then nothing has changed. */
export interface Outcome<M> {
  readonly memory: M;
  /** Of the check's own sources, when it has something to say of them. */
  readonly evidence?: Readonly<Partial<Record<EvidenceSource, Evidence>>>;
  readonly findings?: readonly Finding[];
  /** What it remembers instead, once it is known what became of its findings. */
  readonly afterwards?: (verdicts: readonly FindingVerdict[]) => M;
  /** Of differences that are none. */
  readonly explanations?: readonly { readonly table: string; readonly reason: string }[];
  /** Findings that were there when a baseline was declared, and that it accepts. */
  readonly accepted?: { readonly table: string; readonly ids: readonly string[] };
  readonly suspicions?: readonly { readonly table: string; readonly alarm: Alarm }[];
  /** Ids that were given out twice, or by nobody. */
  readonly breaks?: Readonly<Partial<Record<IdentityKind, number>>>;
  /** Ids are given out a second time: no check can put records in order any more. */
  readonly isOrderLost?: boolean;
  /** What happened, as metrics count it; what is so, is shown by `Check.show`. */
  readonly record?: (metrics: TrailMetrics) => void;
  /** What was counted before cannot be compared with what comes. */
  readonly epoch?: EpochReason;
  /** Nothing can be counted, so counters cannot vouch for the whole of this epoch. */
  readonly isUncounted?: boolean;
  /** For the log. */
  readonly warnings?: readonly Warning[];
  /** There is more to check, in another run of the same poll. */
  readonly isMore?: boolean;
  /** The run failed after it had learned what must be remembered. */
  readonly error?: unknown;
}

/** Why a check cannot say anything, where it was no statement that failed. */
export class CannotCheck extends Error {
  override readonly name = 'CannotCheck';
  readonly fixes: readonly string[];

  constructor(reason: string, fixes: readonly string[] = []) {
    super(reason);
    this.fixes = fixes;
  }
}

/**
 * One thing that is checked: its SQL, its judgement and its memory in one file. A run that throws makes the check's
 * evidence unknown, which the loop sees to; a check says nothing of its own failures.
 */
export interface Check<M, P extends Poll = Poll> {
  readonly name: CheckName;
  /** What it is a source of. */
  readonly evidence: readonly EvidenceSource[];
  /** What it must know after a restart. Of `{}` it makes the memory of a check that never ran. */
  readonly memory: z.ZodType<M>;
  run(poll: P, own: M): Promise<Outcome<M>>;
  /**
   * Shows what is so by what it remembers: after each run, then with what it remembered before, and again when the
   * database was lost and is seen anew.
   */
  show?(own: M, metrics: TrailMetrics, before?: M): void;
  /** Takes away what cannot be told while it fails. */
  hide?(metrics: TrailMetrics): void;
  /** A person declared a baseline of everything. */
  accept?(own: M): M;
  /** It reads what the fast checks write, so they take turns, run by run. */
  readonly isExclusive?: boolean;
  /** Where it cannot reach the observed database, nothing can be seen of the trail. */
  isLostWith?(failure: Failure, poll: Poll): boolean;
  /** What would make the failure go away. */
  fixes?(failure: Failure, poll: Poll): readonly string[];
}
