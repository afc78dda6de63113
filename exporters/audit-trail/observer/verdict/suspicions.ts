import type { TableMemory } from '../tables/memory.js';
import type { Maintenance } from './declarations.js';
import { underMaintenance } from './maintenance.js';
import { type Alarm, suspect } from './state.js';

export interface RaisedAt {
  /** Declared for the table now: then a change of this kind was to be expected. */
  readonly maintenance: Maintenance | undefined;
  /** No transaction from here on had begun. */
  readonly xmax: bigint;
  readonly now: number;
}

/** The table, suspected for one cause more; the very same when the cause is known already. */
export function withSuspicion(own: TableMemory, alarm: Alarm, { maintenance, xmax, now }: RaisedAt): TableMemory {
  if (maintenance !== undefined) return { ...own, explanation: underMaintenance(maintenance, now) };
  const suspicion = suspect(own.suspicion, alarm, xmax, now);
  return suspicion === own.suspicion ? own : { ...own, suspicion };
}
