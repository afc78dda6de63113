import type { PortalLimits } from '../../pack/index.js';
import { mayTryAgain, mostOpenOfOne, reserveOf } from '../../pack/portal/in-flight.js';
import type { Cancellation } from '../runtime/measuring/cancellation.js';
import type { OpenRequest } from '../runtime/portal/http/open-request.js';
import { OpenRequests } from './open-requests.js';

export interface Requester {
  /** Name under which its open requests are counted. */
  readonly name: string;
  /** Whether it may use the place that is reserved for canaries, which show whether the portal works. */
  readonly isCanary: boolean;
}

export type Admission =
  | { readonly admitted: true; readonly leave: () => void }
  /** `unanswered`: its own earlier request is still open. `busy`: others use all places. */
  | { readonly admitted: false; readonly reason: 'unanswered' | 'busy' };

/** Above this number, a requester gets `busy` at once instead of waiting. */
const MAX_WAITING = 100;

/**
 * Limits the number of concurrent requests to one portal. A request that is open beyond its deadline keeps its place:
 * at Kingston's portal it uses a database connection until its query ends, and 25 abandoned requests would take the
 * portal down.
 *
 * No workflow waits because another one fails: a workflow whose route hangs uses at most two places, and the others use
 * the rest. The last place is reserved for canaries.
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

  /** Applies changed limits; runs in progress and open requests stay. */
  configure(limits: PortalLimits, hasCanary: boolean): void {
    this.#maxInFlight = limits.maxInFlight;
    this.#hasCanary = hasCanary;
    this.#open.abandonedAfterMs = limits.abandonedAfterMs;
    this.#letIn();
  }

  /** Runs in progress, which have a place. */
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

  /** The decision if it is possible at once: admitted or refused. Undefined: waiting may help. */
  tryEnter(requester: Requester): Admission | undefined {
    if (!this.#mayTry(requester)) return { admitted: false, reason: 'unanswered' };
    return this.#hasPlace(requester) ? this.#admit() : undefined;
  }

  /** Waits for a place until the signal aborts. */
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

  /** Keeps a place for a request whose run has ended, until the request ends or is given up. */
  hold(owner: string, request: OpenRequest): void {
    this.#open.add(owner, request);
  }

  /** After a success of its owner, the time until an open request is given up starts again at its minimum. */
  succeeded(owner: string): void {
    this.#open.succeeded(owner);
  }

  /** Gives up every open request. */
  close(): void {
    this.#open.close();
  }

  /**
   * A request within another run, such as a login: it does not wait for a place, because the runs that wait for it have one,
   * but it uses one. @returns undefined when open requests of this owner forbid it.
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

  /** Continues past requesters that must keep waiting: a canary after them may have the last place. */
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
