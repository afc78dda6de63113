import type { EncryptionOperation } from '../../../pack/encryption/metrics.js';

export interface Counted<Reason extends string> {
  readonly operation: EncryptionOperation;
  readonly reason: Reason;
  readonly count: number;
}

/** How many operations ended for which reason. */
export class ReasonTally<Reason extends string> {
  readonly #counts = new Map<string, Counted<Reason>>();

  /** Half of a round trip that ends without an answer ends the round trip as well. */
  add(operation: EncryptionOperation, reason: Reason): void {
    for (const one of operation === 'data_key' ? [operation] : [operation, 'round_trip' as const]) {
      const key = `${one} ${reason}`;
      const count = (this.#counts.get(key)?.count ?? 0) + 1;
      this.#counts.set(key, { operation: one, reason, count });
    }
  }

  get counts(): readonly Counted<Reason>[] {
    return [...this.#counts.values()];
  }
}

/** How many operations that is; the round trips they were halves of are not counted again. */
export function operationsIn(counts: readonly Counted<string>[]): number {
  return counts.reduce((sum, { operation, count }) => sum + (operation === 'round_trip' ? 0 : count), 0);
}
