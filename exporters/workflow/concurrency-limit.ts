import type { PortalLimits } from '../../pack/index.js';
import { mayTryAgain, mostOpenOfOne, reserveOf } from '../../pack/portal/in-flight.js';
import type { Cancellation } from '../runtime/measuring/cancellation.js';
import type { OpenRequest } from '../runtime/portal/http/open-request.js';
import { OpenRequests } from './open-requests.js';

export interface Requester {
  /** Under which its open requests are counted. */
  readonly name: string;
  /** Whether it may have the place that is kept for those who tell whether the portal is there. */
  readonly isCanary: boolean;
}

export type Admission =
  | { readonly admitted: true; readonly leave: () => void }
  /** `unanswered`: its own earlier request is still open. `busy`: others have the places. */
  | { readonly admitted: false; readonly reason: 'unanswered' | 'busy' };

/** More than this are better told `busy` at once than kept waiting. */
const MAX_WAITING = 100;

/**
 * Bounds what we ask of one portal at once. A request that is open beyond its deadline keeps its place: at Kingston's it
 * keeps a database connection until its query ends, and 25 impatient probes would take the portal down.
 *
 * Nothing rests for what another one suffers: a workflow whose route hangs holds two places at most, and the others go
 * on through those that are left. The last place is the canary's.
 */
export class ConcurrencyLimit {
  #maxInFlight: number;
  #hasCanary: boolean;
  readonly #open: OpenRequests;
  readonly #queue: Waiting[] = [];
  #inside = 0;

  constructor(limits: PortalLimits, hasCanary: boolean) {
    this.#maxInFlight = limits.maxInFlight;
    this.#hasCanary = hasCanary;
    this.#open = new OpenRequests(limits.abandonedAfterMs, () => this.#letIn());
  }

  /** Takes up changed limits; what is inside and what is open did not change with them. */
  configure(limits: PortalLimits, hasCanary: boolean): void {
    this.#maxInFlight = limits.maxInFlight;
    this.#hasCanary = hasCanary;
    this.#open.abandonedAfterMs = limits.abandonedAfterMs;
    this.#letIn();
  }

  /** Runs that were let in. */
  get inside(): number {
    return this.#inside;
  }

  /** Requests that are open beyond their deadline. */
  get open(): number {
    return this.#open.count;
  }

  /** How long ago the deadline of this one's oldest open request passed, in milliseconds. */
  openMs({ name }: Requester): number {
    return this.#open.oldestMs(name);
  }

  /** What can be said at once: come in, or not at all. Undefined: it is worth waiting. */
  tryEnter(requester: Requester): Admission | undefined {
    if (!this.#mayTry(requester)) return { admitted: false, reason: 'unanswered' };
    return this.#hasPlace(requester) ? this.#admit() : undefined;
  }

  /** Waits for a place, for as long as the signal allows. */
  enter(requester: Requester, signal: Cancellation): Promise<Admission> {
    const atOnce = signal.aborted ? this.#refuse(requester) : this.tryEnter(requester);
    if (atOnce !== undefined) return Promise.resolve(atOnce);
    if (this.#queue.length >= MAX_WAITING) return Promise.resolve(this.#refuse(requester));
    return new Promise((resolve) => {
      const waiting: Waiting = {
        requester,
        settle: (entry) => {
          signal.removeEventListener('abort', giveUp);
          resolve(entry);
        },
      };
      const giveUp = () => {
        this.#queue.splice(this.#queue.indexOf(waiting), 1);
        resolve(this.#refuse(requester));
      };
      signal.addEventListener('abort', giveUp, { once: true });
      this.#queue.push(waiting);
    });
  }

  /** Keeps a place for a request that nobody waits for any more, until it ends or is given up. */
  hold(owner: string, request: OpenRequest): void {
    this.#open.add(owner, request);
  }

  /** After a success of its owner, the next request that stays open is given up as soon as the first one was. */
  succeeded(owner: string): void {
    this.#open.succeeded(owner);
  }

  /** Gives up every open request. */
  close(): void {
    this.#open.close();
  }

  /**
   * Something that asks within another's run, as a login does: it waits for no place, because those who wait for it have
   * one, but it holds one. @returns undefined when requests of this owner that are still open forbid it.
   */
  accompany(owner: string): (() => void) | undefined {
    return this.#mayTry({ name: owner, isCanary: false }) ? this.#occupy() : undefined;
  }

  /** Whether its own open requests allow another one. */
  #mayTry({ name }: Requester): boolean {
    const own = this.#open.of(name);
    return own === 0 || (own < mostOpenOfOne && mayTryAgain(this.#open.count, this.#maxInFlight));
  }

  #hasPlace({ name, isCanary }: Requester): boolean {
    const mayHaveLast = this.#hasCanary ? isCanary : this.#open.of(name) === 0;
    const reserve = mayHaveLast ? 0 : reserveOf(this.#maxInFlight);
    return this.#inside + this.#open.count < this.#maxInFlight - reserve;
  }

  #refuse({ name }: Requester): Admission {
    return { admitted: false, reason: this.#open.of(name) > 0 ? 'unanswered' : 'busy' };
  }

  #admit(): Admission {
    return { admitted: true, leave: this.#occupy() };
  }

  #occupy(): () => void {
    this.#inside += 1;
    let left = false;
    return () => {
      if (left) return;
      left = true;
      this.#inside -= 1;
      this.#letIn();
    };
  }

  /** Also past one who has to wait on: the canary behind it may have the last place. */
  #letIn(): void {
    for (const waiting of [...this.#queue]) {
      const entry = this.tryEnter(waiting.requester);
      if (entry === undefined) continue;
      this.#queue.splice(this.#queue.indexOf(waiting), 1);
      waiting.settle(entry);
    }
  }
}

interface Waiting {
  readonly requester: Requester;
  readonly settle: (entry: Admission) => void;
}
