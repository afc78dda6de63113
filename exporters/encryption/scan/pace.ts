import { setTimeout as sleep } from 'node:timers/promises';

/**
 * Keeps a rate without catching up: after a slow batch the next ones are not faster than allowed. One pace is shared
 * by all columns of a database, because it is the database that must not feel them.
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

  /** Says what a batch that began then has read. */
  spent(rows: number, beganAt: number): void {
    this.#nextAt = beganAt + (rows / this.#rowsPerSecond) * 1000;
  }

  /** Rows in about a second, so that a low rate is kept in small steps. */
  batchRows(atMost: number): number {
    return Math.max(1, Math.min(atMost, Math.ceil(this.#rowsPerSecond)));
  }
}
