import type { AuditOperation } from '../../../pack/audit-trail/model.js';
import type { KeptPlace } from './kept.js';

/** Committed changes of one table, in the transactions of a report. */
export interface WitnessedCount {
  readonly schema: string;
  readonly table: string;
  readonly operation: AuditOperation;
  readonly changes: number;
}

/** A table of which this report cannot say how often it was changed; nothing is counted for it. */
export interface UncertainTable {
  readonly schema: string;
  readonly table: string;
  readonly reason: string;
}

/** The result of one poll. */
export type WitnessReport =
  /** The first poll, and the first after the place was lost: only the place is remembered from which to count. */
  | {
      readonly state: 'started';
      /** Counting begins with this transaction; of those between the last report and it, nothing is ever known. */
      readonly from: string;
    }
  | {
      readonly state: 'counted';
      /**
       * All transactions with `from <= xid8 < to`, top-level ids, as decimal texts: compare with the records whose
       * transaction lies in the same range. Empty (`from` = `to`) while an old transaction is still running.
       */
      readonly from: string;
      readonly to: string;
      /** Tables that are not named were not changed. */
      readonly counts: readonly WitnessedCount[];
      readonly uncertain: readonly UncertainTable[];
    }
  /** Nothing can be said since the last report. The next is `counted` where that was a passing error. */
  | { readonly state: 'unknown'; readonly reason: string; readonly fix?: string };

/** What the server keeps for the witness on the disk, until it has read it. */
export interface RetainedLog {
  readonly bytes: number;
  /** Beyond this many the server gives the witness's place up; infinite where nothing limits it (`max_slot_wal_keep_size`). */
  readonly limitBytes: number;
}

export interface Witness {
  /** Throws only when the signal aborts. Polls must not overlap, and should run every few seconds to minutes. */
  poll(signal: AbortSignal): Promise<WitnessReport>;
  /** Continues where another witness stood; to be called before the first poll. An unusable place is ignored. */
  resume(kept: KeptPlace): void;
  /** Where it stands after the last poll; undefined while there is no place, or none that can be kept. */
  kept(): KeptPlace | undefined;
  /** As the last poll saw it, also when it could not count, and 0 without a slot; undefined when it could not look. */
  retained(): RetainedLog | undefined;
  close(): Promise<void>;
}
