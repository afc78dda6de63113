import type { CheckName } from '../../../pack/audit-trail/metrics.js';
import type { AuditTrail } from '../../../pack/audit-trail/model.js';
import type { Failure } from '../../runtime/postgres/failure.js';
import type { Facts } from '../database/facts.js';
import type { RecordsSql } from '../records/sql.js';
import type { LawfulDisposal } from '../seal/index.js';
import { type Memory, newMemory } from './memory.js';
import type { Catalogue } from './tables/catalogue.js';
import type { Coverage } from './tables/coverage.js';
import type { ScopedTable } from './tables/scope.js';
import type { Declaration } from './verdict/declarations.js';
import { EvidenceBook, notConfigured, unknown } from './verdict/evidence.js';

/** What the last fast check saw; the exact checks go on from it. */
export interface Seen {
  readonly facts: Facts;
  readonly catalogue: Catalogue;
  readonly tables: readonly ScopedTable[];
  readonly coverage: ReadonlyMap<string, Coverage>;
}

/** What is known of one trail at one moment. It never changes: the loop replaces it as a whole. */
export interface LoopState {
  readonly trail: AuditTrail;
  readonly memory: Memory;
  readonly evidence: EvidenceBook;
  readonly declarations: readonly Declaration[];
  /** In the order in which they were stated. */
  readonly disposals: readonly LawfulDisposal[];
  readonly seen: Seen | undefined;
  readonly sql: RecordsSql | undefined;
  /** Why records cannot be read at all. */
  readonly whyNoRecords: string | undefined;
  /** A subscription writes rows and records of another server into this database. */
  readonly isForeign: boolean;
  /** Why the database cannot be seen; since the last poll. */
  readonly lost: string | undefined;
  /** What was logged of it last, so that the same outage is logged once. */
  readonly saidLost: string | undefined;
  /** When the description of the audit table was read; 0 when it has to be read anew. */
  readonly shapeReadAt: number;
  /** Why a table cannot be proven, by label: no key, no privilege. */
  readonly obstacles: ReadonlyMap<string, string>;
  /** Why the last run of a check failed; of those whose last run did. */
  readonly errors: ReadonlyMap<CheckName, Failure>;
  /** The observer has ended; results that still arrive are ignored. */
  readonly isRetired: boolean;
}

/** A trail of which nothing is known yet. */
export function newLoopState(trail: AuditTrail): LoopState {
  const absent = (['seal', 'witness'] as const).filter((source) => trail[source] === undefined);
  return {
    trail,
    memory: newMemory(trail.name),
    evidence: absent.reduce((book, source) => book.with(source, unknown(notConfigured)), new EvidenceBook()),
    declarations: [],
    disposals: [],
    seen: undefined,
    sql: undefined,
    whyNoRecords: undefined,
    isForeign: false,
    lost: undefined,
    saidLost: undefined,
    shapeReadAt: 0,
    obstacles: new Map(),
    errors: new Map(),
    isRetired: false,
  };
}
