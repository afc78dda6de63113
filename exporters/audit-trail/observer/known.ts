import type { CountersMemory } from './checks/counters/invariants.js';
import type { ReadingMemory } from './checks/reading/memory.js';
import type { TableMemory } from './tables/memory.js';
import type { Look } from './verdict/looks.js';

/** The memories that a check may read. */
export interface Known {
  /** Of the statistics; undefined before the first. */
  readonly epoch?:
    | {
        readonly startedAt: number;
        readonly xmax: string;
        readonly hasOldRecords?: boolean | undefined;
        readonly isUncounted?: boolean | undefined;
      }
    | undefined;
  /** The last fast checks, so that a transaction can be dated from below. */
  readonly looks: readonly Look[];
  /** Ids were given out a second time. */
  readonly orderLost?: { readonly at: number } | undefined;
  /** By label. */
  readonly tables: Readonly<Record<string, TableMemory>>;
  /** Of names without a table. */
  readonly gone: Readonly<Record<string, TableMemory>>;
  readonly checks: {
    readonly counters: CountersMemory;
    readonly reading: ReadingMemory;
    readonly storage: { readonly foreignAt?: number | undefined };
    readonly identity: { readonly given?: string | undefined; readonly epoch: number };
  };
}
