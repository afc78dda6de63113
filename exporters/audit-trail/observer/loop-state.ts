import type { AuditTrail } from '../../../pack/index.js';
import type { Logger } from '../../runtime/log.js';
import type { Failure } from '../../runtime/postgres/failure.js';
import type { ReadOnlyDatabase } from '../../runtime/postgres/read-only.js';
import type { Facts } from '../database/facts.js';
import type { CheckName, TrailMetrics } from '../metrics.js';
import type { RecordsSql } from '../records/sql.js';
import type { LawfulDisposal } from '../seal/index.js';
import type { Memory } from './memory.js';
import type { LoadBudget } from './schedule/budget.js';
import type { Turns } from './schedule/turns.js';
import type { Catalogue } from './tables/catalogue.js';
import type { Coverage } from './tables/coverage.js';
import { newTableMemory, type TableMemory } from './tables/memory.js';
import type { ScopedTable } from './tables/scope.js';
import type { Declaration } from './verdict/declarations.js';
import type { EvidenceBook } from './verdict/evidence.js';

export interface ObserverOptions {
  /** How long two sides of an equality may differ because backends report late; PostgreSQL's own limit is 10 s. */
  readonly settleMs: number;
  /** Records per window of the incremental checks. */
  readonly windowRows: number;
  /** An overlap re-scan reaches this much further back than the oldest open transaction. */
  readonly overlapMarginMs: number;
  /** How often the description of the audit table is read anew: its columns, indexes, sequence, partitions. */
  readonly shapeEveryMs: number;
  readonly now: () => number;
}

export const defaultOptions: ObserverOptions = {
  settleMs: 11_000,
  windowRows: 10_000,
  overlapMarginMs: 5_000,
  shapeEveryMs: 60_000,
  now: () => Date.now(),
};

/** What the last fast check saw; the exact checks go on from it. */
export interface Seen {
  readonly facts: Facts;
  readonly catalogue: Catalogue;
  readonly tables: readonly ScopedTable[];
  readonly coverage: ReadonlyMap<string, Coverage>;
}

/**
 * What the loop knows of one trail, beside the memories of the checks. Internal to the loop and to the verdict: no check
 * sees it.
 */
export interface LoopState {
  readonly trail: AuditTrail;
  readonly database: ReadOnlyDatabase;
  /** Where whole tables are read. */
  readonly heavy: ReadOnlyDatabase;
  readonly metrics: TrailMetrics;
  readonly evidence: EvidenceBook;
  readonly log: Logger;
  readonly options: ObserverOptions;
  /** One at a time: tripwires, windows and pages all change the same memory. */
  readonly turns: Turns;
  /** For reading what is new. */
  readonly budget: LoadBudget;
  memory: Memory;
  declarations: readonly Declaration[];
  /** In the order in which they were stated. */
  disposals: readonly LawfulDisposal[];
  seen: Seen | undefined;
  sql: RecordsSql | undefined;
  /** Why records cannot be read at all. */
  whyNoRecords: string | undefined;
  /** The database cannot be seen; since the last look. */
  lost: string | undefined;
  /** What the log said of it last: once is enough for as long as it lasts. */
  saidLost: string | undefined;
  shapeReadAt: number;
  /** Why a table cannot be proven, by label: no key, no privilege. */
  obstacles: ReadonlyMap<string, string>;
  /** Why the last run of a check failed; of those whose last run did. */
  readonly errors: Map<CheckName, Failure>;
  /** From now on nothing is concluded. */
  isRetired: boolean;
}

export function tableMemory({ memory }: LoopState, label: string): TableMemory {
  const known = memory.tables[label];
  if (known !== undefined) return known;
  const fresh = newTableMemory();
  memory.tables[label] = fresh;
  return fresh;
}
