import type { z } from 'zod';
import type { CheckName, EvidenceSource } from '../../../pack/audit-trail/metrics.js';
import type { AuditTrail } from '../../../pack/audit-trail/model.js';
import type { Failure } from '../../runtime/postgres/failure.js';
import type { Session } from '../../runtime/postgres/read-only.js';
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

/** What a check reads while it runs. A check changes nothing of it. */
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
  /** In the order in which they were stated; there may be more between two runs. */
  readonly disposals: readonly LawfulDisposal[];
  readonly signal: AbortSignal;
  /** Begin nothing new after this moment of the monotonic clock. */
  readonly deadline: number;
  /** How many runs of this check the poll had before this one. */
  readonly runs: number;
  readonly pace: Pace;
  /** What reading new records may take of one session's time. */
  readonly load: LoadBudget;
  /** The same of reading, once, what there was before. */
  readonly catchUp: LoadBudget;
  now(): number;
  /** One transaction on the database that is observed. */
  read<T>(work: (session: Session) => Promise<T>): Promise<T>;
  /**
   * The same where whole tables are read: on the replica, if there is one.
   *
   * @throws {UnprovenReplica} when it does not prove that it shows what the database holds.
   */
  readAside<T>(work: (session: Session) => Promise<T>): Promise<T>;
}

/** A poll of the fast checks. They all read the same snapshot. */
export interface FastPoll extends Poll {
  readonly coverage: ReadonlyMap<string, Coverage>;
  /** Of triggers and functions, since the last poll. */
  readonly changes: FingerprintChanges;
  readonly whyNoRecords: string | undefined;
  /** A subscription writes rows and records of another server into this database. */
  readonly isForeign: boolean;
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

/** The result of one run of a check. The loop merges it into the state; until then nothing has changed. */
export interface Outcome<M> {
  readonly memory: M;
  /** Of the check's own sources, when it has something to say of them. */
  readonly evidence?: Readonly<Partial<Record<EvidenceSource, Evidence>>>;
  readonly findings?: readonly Finding[];
  /** The memory that replaces `memory` when the verdicts on the findings are known. */
  readonly afterwards?: (verdicts: readonly FindingVerdict[]) => M;
  /** Reasons of differences that are no fault. */
  readonly explanations?: readonly { readonly table: string; readonly reason: string }[];
  /** Findings that were there when a baseline was declared, and that it accepts. */
  readonly accepted?: { readonly table: string; readonly ids: readonly string[] };
  readonly suspicions?: readonly { readonly table: string; readonly alarm: Alarm }[];
  /** Ids that the sequence gave out twice, or never. */
  readonly breaks?: Readonly<Partial<Record<IdentityKind, number>>>;
  /** Ids are given out a second time: no check can put records in order any more. */
  readonly isOrderLost?: boolean;
  /** Increments counters. Gauges are set by `Check.show`. */
  readonly record?: (metrics: TrailMetrics) => void;
  /** A new statistics epoch begins: earlier counts cannot be compared with later ones. */
  readonly epoch?: EpochReason;
  /** Nothing can be counted, so counters cannot vouch for the whole of this epoch. */
  readonly isUncounted?: boolean;
  /** For the log. */
  readonly warnings?: readonly Warning[];
  /** The check has more to do and wants another run in the same poll. */
  readonly isMore?: boolean;
  /** The error of a run that failed after it learned something that must be remembered. */
  readonly error?: unknown;
}

/** A check cannot run, although no SQL statement failed. */
export class CannotCheck extends Error {
  override readonly name = 'CannotCheck';
  readonly fixes: readonly string[];

  constructor(reason: string, fixes: readonly string[] = []) {
    super(reason);
    this.fixes = fixes;
  }
}

/**
 * One thing that is checked: its SQL, its judgement and its memory in one file. When a run throws, the loop makes the
 * check's evidence unknown. A check does not report its own failures.
 */
export interface Check<M, P extends Poll = Poll> {
  readonly name: CheckName;
  /** The sources of evidence that it provides. */
  readonly evidence: readonly EvidenceSource[];
  /** The schema of what it must know after a restart. It parses `{}` to the memory of a check that never ran. */
  readonly memory: z.ZodType<M>;
  run(poll: P, own: M): Promise<Outcome<M>>;
  /**
   * Sets gauges from its memory: after each run, with the memory before the run, and again when the database can be reached
   * after it was lost.
   */
  show?(own: M, metrics: TrailMetrics, before?: M): void;
  /** Removes the series that are not known while it fails. */
  hide?(metrics: TrailMetrics): void;
  /** The memory after a person declared a baseline of everything. */
  accept?(own: M): M;
  /** It reads the memory that fast checks write, so its runs and theirs take turns. */
  readonly isExclusive?: boolean;
  /** Whether this failure means that the observed database cannot be reached, so that everything is unknown. */
  isLostWith?(failure: Failure, poll: Poll): boolean;
  /** How to fix the failure. */
  fixes?(failure: Failure, poll: Poll): readonly string[];
}
