import type { Memory } from './memory.js';

export interface OwedRecheck {
  /** A pass that began before this is of no use; 0 when none is owed. */
  readonly since: number;
  /** Somebody is suspected: to the end, for as long as there is time. Otherwise a part in each round will do. */
  readonly isUrgent: boolean;
}

/** A suspicion that old records were touched demands that all are gone through again, and so does each new epoch. */
export function owedRecheck({ tables, epoch }: Memory): OwedRecheck {
  const suspected = Math.max(
    0,
    ...Object.values(tables).map(({ suspicion }) => (suspicion?.needsRecheck === true ? suspicion.newestAt : 0)),
  );
  const begun = epoch?.hasOldRecords === true ? epoch.startedAt : 0;
  return { since: Math.max(suspected, begun), isUrgent: suspected > 0 };
}

/** All old records were gone through again, beginning not before then. */
export function isRechecked({ recheck }: Memory, since: number): boolean {
  return recheck?.endedAt !== undefined && recheck.startedAt >= since;
}
