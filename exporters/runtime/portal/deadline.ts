import { performance } from 'node:perf_hooks';
import { formatMs } from '../format.js';
import { type Cancellation, Canceller } from '../measuring/cancellation.js';
import { OurFault, StepFailure } from './step-failure.js';

/** Node's timers hold no more, and fire at once when they are asked to. */
const LONGEST_TIMER_MS = 2 ** 31 - 1;
/** Less is what the next lines of code take on a busy machine. */
const LEAST_OURS_MS = 5;
/** Who does not answer in nine tenths of the time does not answer. */
const LEAST_OURS_RATIO = 0.1;

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
  readonly #startedAtMs = performance.now();
  #endedAtMs: number | undefined;
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
   * Whose a failure is: a time-out before which a tenth of the time or more was ours, and was not given back, says
   * nothing of the portal.
   */
  blame(failure: unknown): unknown {
    if (!(failure instanceof StepFailure) || failure.reason !== 'timeout') return failure;
    const lostMs = this.#oursMs() - this.#givenBackMs;
    const wholeMs = (this.#endedAtMs ?? performance.now()) - this.#startedAtMs;
    if (lostMs < Math.max(LEAST_OURS_MS, LEAST_OURS_RATIO * wholeMs)) return failure;
    const message = `${failure.message}, and for ${formatMs(lostMs)} of it the name waited for a thread of ours to look it up`;
    return new OurFault('dns-queue', message, { cause: failure });
  }

  override abort(reason: unknown): void {
    this.#endedAtMs ??= performance.now();
    super.abort(reason);
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
