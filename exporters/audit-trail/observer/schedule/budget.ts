/** Unused time is saved for this long, so that a burst of changes is read at once. */
const SAVED_FOR_MS = 60_000;

/** How much of one session's time something may take. The portal's use of the database comes first. */
export class LoadBudget {
  readonly #share: number;
  #leftMs: number;
  #countedAt = performance.now();

  /** @param share above 0 and at most 1 */
  constructor(share: number) {
    this.#share = share;
    this.#leftMs = share * SAVED_FOR_MS;
  }

  get isSpent(): boolean {
    this.#earn();
    return this.#leftMs <= 0;
  }

  /** Counts the time of the work, also when it fails. */
  async spend<T>(work: () => Promise<T>): Promise<T> {
    this.#earn();
    const begunAt = performance.now();
    try {
      return await work();
    } finally {
      this.#leftMs -= performance.now() - begunAt;
      this.#earn();
    }
  }

  #earn(): void {
    const now = performance.now();
    this.#leftMs = Math.min(this.#share * SAVED_FOR_MS, this.#leftMs + this.#share * (now - this.#countedAt));
    this.#countedAt = now;
  }
}
