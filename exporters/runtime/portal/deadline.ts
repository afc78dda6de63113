import { formatMs } from '../format.js';
import { type Cancellation, Canceller } from '../measuring/cancellation.js';
import { OurFault, StepFailure } from './step-failure.js';

/** Node's timers hold no more, and fire at once when they are asked to. */
const LONGEST_TIMER_MS = 2 ** 31 - 1;
/** Less is what the next lines of code take on a busy machine. */
const LEAST_OURS_MS = 5;

interface DeadlineOptions {
  /** Is asked for only when it is needed, because nearly every deadline is kept. */
  readonly message?: () => string;
  /** How much of the time so far went by in waiting for what is ours. It is given back, once. */
  readonly oursMs?: () => number;
}

/** A time limit below another one. Aborts with a {@link StepFailure} `timeout`, or with the parent's reason. */
export class Deadline extends Canceller {
  readonly #parent: Cancellation | undefined;
  readonly #message: () => string;
  readonly #oursMs: () => number;
  #givenBackMs = 0;
  #timer: NodeJS.Timeout;
  readonly #follow = () => this.abort(this.#parent?.reason);

  constructor(ms: number, parent?: Cancellation, options: DeadlineOptions = {}) {
    super();
    this.#parent = parent;
    this.#message = options.message ?? (() => `no end after ${formatMs(ms)}`);
    this.#oursMs = options.oursMs ?? (() => 0);
    this.#timer = setTimeout(() => this.#end(), Math.min(ms, LONGEST_TIMER_MS));
    if (parent?.aborted === true) this.#follow();
    else parent?.addEventListener('abort', this.#follow, { once: true });
  }

  /**
   * Whose a failure is: a time-out before which the portal did not have the whole time, because a part of it was ours,
   * says nothing of the portal.
   */
  blame(failure: unknown): unknown {
    const lostMs = this.#oursMs() - this.#givenBackMs;
    if (!(failure instanceof StepFailure) || failure.reason !== 'timeout' || lostMs < LEAST_OURS_MS) return failure;
    const message = `${failure.message}, and for ${formatMs(lostMs)} of it the name waited for a thread of ours to look it up`;
    return new OurFault('dns-queue', message, { cause: failure });
  }

  /** When what it limits is over; it never aborts any more. */
  clear(): void {
    clearTimeout(this.#timer);
    this.#parent?.removeEventListener('abort', this.#follow);
  }

  #end(): void {
    const oursMs = this.#oursMs();
    // Only once: what waits for ever must end.
    if (this.#givenBackMs > 0 || oursMs < LEAST_OURS_MS) {
      this.abort(new StepFailure('timeout', this.#message()));
      return;
    }
    this.#givenBackMs = oursMs;
    this.#timer = setTimeout(() => this.#end(), oursMs);
  }
}
