import { performance } from 'node:perf_hooks';
import type { PortalLimits } from '../../pack/index.js';
import { Backoff } from '../runtime/measuring/backoff.js';
import type { Cancellation } from '../runtime/measuring/cancellation.js';

export type Entry =
  | { readonly admitted: true; readonly leave: (timedOut: boolean) => void }
  | { readonly admitted: false; readonly reason: 'backoff' | 'busy' };

/** More than this are better told `busy` at once than kept waiting. */
const MAX_WAITING = 100;

/**
 * Bounds what we ask of one portal at once, and lets it rest after time-outs.
 *
 * An abandoned request keeps its database connection at Kingston's until its query ends: 25 impatient probes take
 * the portal down. So after a time-out nobody enters for a while, doubling each time; then a single run tries.
 */
export class Gate {
  readonly #maxInFlight: number;
  readonly #backoff: Backoff;
  readonly #queue: Waiting[] = [];
  #inside = 0;
  /** Counts the closures. Runs that end together tell of one trouble, and must not double the pause each. */
  #era = 0;

  constructor(limits: PortalLimits, now: () => number = () => performance.now()) {
    this.#maxInFlight = limits.maxInFlight;
    this.#backoff = new Backoff({ initialMs: limits.backoffInitialMs, maxMs: limits.backoffMaxMs }, now);
  }

  get inside(): number {
    return this.#inside;
  }

  /** Milliseconds until the next try is allowed; 0 when not backing off. */
  get restMs(): number {
    return this.#backoff.restMs;
  }

  /** What can be said at once: come in, or not now. Undefined: it is worth waiting. */
  tryEnter(): Entry | undefined {
    if (this.restMs > 0) return { admitted: false, reason: 'backoff' };
    return this.#hasPlace() ? this.#admit() : undefined;
  }

  /** Waits for a place, for as long as the signal allows. */
  enter(signal: Cancellation): Promise<Entry> {
    if (signal.aborted) return Promise.resolve({ admitted: false, reason: this.restMs > 0 ? 'backoff' : 'busy' });
    const atOnce = this.tryEnter();
    if (atOnce !== undefined) return Promise.resolve(atOnce);
    if (this.#queue.length >= MAX_WAITING) return Promise.resolve({ admitted: false, reason: 'busy' });
    return new Promise((resolve) => {
      const waiting: Waiting = {
        admit: () => {
          signal.removeEventListener('abort', giveUp);
          resolve(this.restMs > 0 ? { admitted: false, reason: 'backoff' } : this.#admit());
        },
      };
      const giveUp = () => {
        this.#queue.splice(this.#queue.indexOf(waiting), 1);
        resolve({ admitted: false, reason: 'busy' });
      };
      signal.addEventListener('abort', giveUp, { once: true });
      this.#queue.push(waiting);
    });
  }

  #hasPlace(): boolean {
    // After a time-out one run tries alone: half open.
    return this.#inside < (this.#backoff.isOnTrial ? 1 : this.#maxInFlight);
  }

  #admit(): Entry {
    this.#inside += 1;
    const era = this.#era;
    let left = false;
    const leave = (timedOut: boolean) => {
      if (left) return;
      left = true;
      this.#inside -= 1;
      if (era === this.#era) this.#learn(timedOut);
      this.#letIn();
    };
    return { admitted: true, leave };
  }

  #learn(timedOut: boolean): void {
    if (!timedOut) {
      this.#backoff.succeed();
      return;
    }
    this.#backoff.fail();
    this.#era += 1;
  }

  #letIn(): void {
    while (this.#queue.length > 0 && (this.restMs > 0 || this.#hasPlace())) this.#queue.shift()?.admit();
  }
}

interface Waiting {
  readonly admit: () => void;
}
