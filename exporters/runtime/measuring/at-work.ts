import { createHash } from 'node:crypto';

/**
 * Records, in memory that outlives a thread, for which job the thread works now. Work that ends a thread, or blocks it
 * for ever, cannot report anything afterwards. It costs two writes to memory.
 */
export class AtWork {
  readonly memory: SharedArrayBuffer;
  readonly #cell: Int32Array;

  /** @param memory shared by the other side; default: new memory. */
  constructor(memory = new SharedArrayBuffer(Int32Array.BYTES_PER_ELEMENT)) {
    this.memory = memory;
    this.#cell = new Int32Array(memory);
  }

  /** Only for synchronous work: no other work runs at the same time. */
  during<T>(mark: number, work: () => T): T {
    Atomics.store(this.#cell, 0, mark);
    try {
      return work();
    } finally {
      Atomics.store(this.#cell, 0, 0);
    }
  }

  /** The mark of the current work, or of the work when the thread ended; 0 for none. */
  get mark(): number {
    return Atomics.load(this.#cell, 0);
  }

  /** Resets it for a new thread. */
  clear(): void {
    Atomics.store(this.#cell, 0, 0);
  }
}

/** A number for a name, the same on both sides even if their plans differ; never 0. */
export function markOf(name: string): number {
  return createHash('sha256').update(name).digest().readInt32BE(0) || 1;
}
