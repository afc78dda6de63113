import type { AuditTrail } from '../../../pack/index.js';
import type { Logger } from '../../runtime/log.js';
import type { Failure } from '../../runtime/postgres/failure.js';
import type { ReadOnlyDatabase } from '../../runtime/postgres/read-only.js';
import type { ComparisonResult } from '../comparisons/run.js';
import type { Facts } from '../database/facts.js';
import type { TrailMetrics } from '../metrics.js';
import type { RecordsSql } from '../records/sql.js';
import type { LawfulDisposal } from '../seal/index.js';
import type { LoadBudget } from './budget.js';
import type { Catalogue } from './catalogue.js';
import type { Coverage } from './coverage.js';
import type { Declaration } from './declarations.js';
import type { EvidenceBook, Lack } from './evidence.js';
import type { ExposureResult } from './exposure.js';
import type { Residuals, Settling } from './invariants.js';
import type { Stall } from './lag.js';
import { type Memory, newTableMemory, type TableMemory } from './memory.js';
import type { ScopedTable } from './scope.js';
import type { Turns } from './turns.js';

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

/** What the last look found; the checks that follow go on from it. */
export interface Seen {
  readonly facts: Facts;
  readonly catalogue: Catalogue;
  readonly tables: readonly ScopedTable[];
  readonly coverage: ReadonlyMap<string, Coverage>;
  /** Oids of expected functions whose source is not trusted. */
  readonly distrusted: ReadonlySet<string>;
}

export interface Trouble {
  readonly reason: string;
  readonly remedies: readonly string[];
}

/** Everything about one observed trail. Changed by the looks, one at a time; see `observer.ts`. */
export interface TrailContext {
  readonly trail: AuditTrail;
  readonly database: ReadOnlyDatabase;
  /** Where whole tables are read. */
  readonly heavy: ReadOnlyDatabase;
  readonly metrics: TrailMetrics;
  readonly evidence: EvidenceBook;
  readonly log: Logger;
  readonly options: ObserverOptions;
  readonly settling: Settling;
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
  recordsTrouble: string | undefined;
  /** The database cannot be seen; since the last look. */
  lost: string | undefined;
  /** What the log said of it last: once is enough for as long as it lasts. */
  saidLost: string | undefined;
  residuals: Residuals;
  shapeReadAt: number;
  stall: Stall | undefined;
  /** The longest that the oldest transaction was open, of late; a record may be that much older than its commit. */
  openSeconds: number;
  /** Why a table cannot be proven, by label: no key, no privilege. */
  obstacles: Map<string, string>;
  readonly compared: Map<string, ComparisonResult>;
  /** Why the last replay did not go through. */
  replayTrouble: string | undefined;
  /** The same of single tables, by label: their pages failed, and those of others did not. */
  sweepTroubles: Map<string, Trouble>;
  /** The same of reading and continuity. */
  readingTrouble: string | undefined;
  /** Why records were read without looking up whom they name. */
  unlisted: Lack | undefined;
  /** The same of ids and their sequence. */
  identityTrouble: Failure | undefined;
  exposure: ExposureResult | undefined;
  retention:
    | { readonly oldest: number | undefined; readonly disposedEarly: boolean; readonly partitionGaps: number }
    | undefined;
}

export function tableMemory({ memory }: TrailContext, label: string): TableMemory {
  const known = memory.tables[label];
  if (known !== undefined) return known;
  const fresh = newTableMemory();
  memory.tables[label] = fresh;
  return fresh;
}
