import { setTimeout as sleep } from 'node:timers/promises';

/**
 * Limits the rate without catching up: after a slow batch the next ones are not faster than allowed. All columns of a
 * database share one limit, because it protects the database.
 */
export class ScanPace {
  readonly #rowsPerSecond: number;
  #nextAt = 0;

  constructor(rowsPerSecond: number) {
    this.#rowsPerSecond = rowsPerSecond;
  }

  /** Waits until a batch may be read. */
  async wait(signal: AbortSignal): Promise<void> {
    const pauseMs = this.#nextAt - performance.now();
    if (pauseMs > 0) await sleep(pauseMs, undefined, { signal });
  }

  /** Records how many rows a batch has read, and when it started. */
  spent(rows: number, beganAt: number): void {
    this.#nextAt = beganAt + (rows / this.#rowsPerSecond) * 1000;
  }

  /** Rows in about a second, so that a low rate is kept in small batches. */
  batchRows(atMost: number): number {
    return Math.max(1, Math.min(atMost, Math.ceil(this.#rowsPerSecond)));
  }
}
