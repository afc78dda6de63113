import { performance } from 'node:perf_hooks';

export interface BackoffLimits {
  readonly initialMs: number;
  readonly maxMs: number;
}

/** Pauses that double with each failure in a row. */
export class Backoff {
  readonly #limits: BackoffLimits;
  readonly #now: () => number;
  #failures = 0;
  #until = 0;

  constructor(limits: BackoffLimits, now: () => number = () => performance.now()) {
    this.#limits = limits;
    this.#now = now;
  }

  /** Milliseconds until the pause ends; 0 if there is no pause. */
  get pauseMs(): number {
    return Math.max(0, this.#until - this.#now());
  }

  /** True from the first failure until a success, also after the pause. */
  get isOnTrial(): boolean {
    return this.#failures > 0;
  }

  fail(): void {
    const { initialMs, maxMs } = this.#limits;
    this.#until = this.#now() + Math.min(maxMs, initialMs * 2 ** this.#failures);
    this.#failures += 1;
  }

  succeed(): void {
    this.#failures = 0;
    this.#until = 0;
  }
}
