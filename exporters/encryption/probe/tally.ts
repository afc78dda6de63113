import type { EncryptionOperation } from '../../../pack/encryption/metrics.js';

export interface Counted<Reason extends string> {
  readonly operation: EncryptionOperation;
  readonly reason: Reason;
  readonly count: number;
}

/** Counts operations by reason. */
export class ReasonTally<Reason extends string> {
  readonly #counts = new Map<string, Counted<Reason>>();

  /** If half of a round trip gets no answer, the round trip fails as well. */
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

/** The number of operations, without the round trips that they are halves of. */
export function operationsIn(counts: readonly Counted<string>[]): number {
  return counts.reduce((sum, { operation, count }) => sum + (operation === 'round_trip' ? 0 : count), 0);
}
