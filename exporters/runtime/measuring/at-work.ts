import { createHash } from 'node:crypto';

/**
 * Says, in memory that outlives a thread, whose work the thread does right now. Work that ends a thread, or holds it for
 * ever, cannot say anything afterwards. It costs two writes to memory.
 */
export class AtWork {
  readonly memory: SharedArrayBuffer;
  readonly #cell: Int32Array;

  /** @param memory of the other side; default: new. */
  constructor(memory = new SharedArrayBuffer(Int32Array.BYTES_PER_ELEMENT)) {
    this.memory = memory;
    this.#cell = new Int32Array(memory);
  }

  /** Only for what is done without a pause: nobody else works meanwhile. */
  during<T>(mark: number, work: () => T): T {
    Atomics.store(this.#cell, 0, mark);
    try {
      return work();
    } finally {
      Atomics.store(this.#cell, 0, 0);
    }
  }

  /** The mark of the work at which the thread is, or was when it ended; 0 for none. */
  get mark(): number {
    return Atomics.load(this.#cell, 0);
  }

  /** For a new thread. */
  clear(): void {
    Atomics.store(this.#cell, 0, 0);
  }
}

/** A number for a name, the same on both sides whatever plan either has; not 0. */
export function markOf(name: string): number {
  return createHash('sha256').update(name).digest().readInt32BE(0) || 1;
}
