import { performance } from 'node:perf_hooks';
import { formatMs } from '../format.js';
import { type Cancellation, Canceller } from '../measuring/cancellation.js';
import { OurFault, StepFailure } from './step-failure.js';

/** The longest time of Node's timers; they fire at once for a longer time. */
const LONGEST_TIMER_MS = 2 ** 31 - 1;
/** Shorter remaining times are within what code takes on a busy machine. */
const LEAST_OURS_MS = 5;
/** A portal that does not answer in nine tenths of the time counts as not answering. */
const LEAST_OURS_RATIO = 0.1;

interface DeadlineOptions {
  /** Called only when needed, because almost every deadline is kept. */
  readonly message?: () => string;
  /** How long the exporter waited for its own resources so far. The deadline is extended by this, once. */
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
   * Whose fault a failure is: a time-out gives no information about the portal if a tenth or more of the time was the exporter's
   * own and the deadline was not extended by it.
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

  /** Called when the limited work has ended; it never aborts afterwards. */
  clear(): void {
    clearTimeout(this.#timer);
    this.#parent?.removeEventListener('abort', this.#follow);
  }

  #end(): void {
    const oursMs = this.#oursMs();
    // Only once, so that endless waiting ends.
    if (this.#givenBackMs > 0 || oursMs < LEAST_OURS_MS) {
      this.abort(new StepFailure('timeout', this.#message()));
      return;
    }
    this.#givenBackMs = oursMs;
    this.#timer = setTimeout(() => this.#end(), oursMs);
  }
}
