import { createHash } from 'node:crypto';

export interface Round {
  readonly name: string;
  readonly intervalMs: number;
  readonly run: () => Promise<void>;
}

/** Controls at once. More would make a burst at the databases; a control that hangs ends with its own timeout. */
const MOST_AT_ONCE = 8;
/** The first evaluations come within this time, whatever the interval, so that a restart is not unknown for long. */
const FIRST_WITHIN_MS = 3000;

/**
 * Runs each round at its interval by the monotonic clock, never two of one name at once, and at most `MOST_AT_ONCE`
 * together. Each has its own place in the interval, so that many do not begin together.
 */
export class Rounds {
  readonly #timers = new Set<NodeJS.Timeout>();
  readonly #running = new Set<Promise<void>>();
  readonly #queue: (() => void)[] = [];
  #free = MOST_AT_ONCE;
  #isEnded = false;

  begin(rounds: readonly Round[]): void {
    for (const round of rounds) {
      const share = createHash('sha256').update(round.name).digest().readUInt32BE(0) / 2 ** 32;
      this.#later(round, share * Math.min(FIRST_WITHIN_MS, round.intervalMs));
    }
  }

  /** Resolves when nothing runs any more. */
  async end(): Promise<void> {
    this.#isEnded = true;
    for (const timer of this.#timers) clearTimeout(timer);
    this.#timers.clear();
    for (const go of this.#queue.splice(0)) go();
    await Promise.allSettled([...this.#running]);
  }

  #later(round: Round, waitMs: number): void {
    if (this.#isEnded) return;
    const timer = setTimeout(() => {
      this.#timers.delete(timer);
      const running = this.#run(round).finally(() => this.#running.delete(running));
      this.#running.add(running);
    }, waitMs);
    this.#timers.add(timer);
  }

  async #run(round: Round): Promise<void> {
    const begunAt = performance.now();
    await this.#place();
    try {
      if (!this.#isEnded) await round.run();
    } finally {
      this.#free += 1;
      this.#queue.shift()?.();
      this.#later(round, Math.max(0, round.intervalMs - (performance.now() - begunAt)));
    }
  }

  async #place(): Promise<void> {
    while (this.#free === 0 && !this.#isEnded) await new Promise<void>((resolve) => this.#queue.push(resolve));
    this.#free -= 1;
  }
}
