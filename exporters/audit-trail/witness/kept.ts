import { z } from 'zod';
import { Ledger, ledgerSchema } from './ledger.js';
import type { Place } from './place.js';

/** Above this size the place is not kept, because the state is written every few seconds; a restart then begins anew and says so. */
const MOST_KEPT = 2000;

/** Where a witness stands, for the one that comes after a restart. No rows, no keys: ids and counts. */
export const keptPlaceSchema = z.object({
  /** What it was read with: another kind, or another slot, cannot go on from here. */
  source: z.string(),
  lsn: z.string(),
  xmin: z.string(),
  timeline: z.string(),
  system: z.string(),
  /** Everything before is in the ledger. */
  readTo: z.string(),
  from: z.string(),
  ledger: ledgerSchema,
});
export type KeptPlace = z.infer<typeof keptPlaceSchema>;

export interface Standing {
  readonly ledger: Ledger;
  readonly place: Place;
  readonly readTo: string;
  readonly from: bigint;
}

/** @returns undefined when too many transactions wait for one that has been open for long. */
export function keep(source: string, { ledger, place, readTo, from }: Standing): KeptPlace | undefined {
  if (ledger.size > MOST_KEPT) return undefined;
  return {
    source,
    lsn: place.lsn,
    xmin: place.xmin.toString(),
    timeline: place.timeline,
    system: place.system,
    readTo,
    from: from.toString(),
    ledger: ledger.toPlain(),
  };
}

export function standingOf({ lsn, xmin, timeline, system, readTo, from, ledger }: KeptPlace): Standing {
  return {
    ledger: Ledger.fromPlain(ledger),
    place: { lsn, xmin: BigInt(xmin), timeline, system },
    readTo,
    from: BigInt(from),
  };
}
