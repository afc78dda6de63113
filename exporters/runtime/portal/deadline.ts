import { formatMs } from '../format.js';
import { type Cancellation, Canceller } from '../measuring/cancellation.js';
import { StepFailure } from './step-failure.js';

/** Node's timers hold no more, and fire at once when they are asked to. */
const LONGEST_TIMER_MS = 2 ** 31 - 1;

/** A time limit below another one. Aborts with a {@link StepFailure} `timeout`, or with the parent's reason. */
export class Deadline extends Canceller {
  readonly #parent: Cancellation | undefined;
  readonly #timer: NodeJS.Timeout;
  readonly #follow = () => this.abort(this.#parent?.reason);

  /** @param message is asked for only when it is needed, because nearly every deadline is kept. */
  constructor(ms: number, parent?: Cancellation, message = () => `no end after ${formatMs(ms)}`) {
    super();
    this.#parent = parent;
    const timeOut = () => this.abort(new StepFailure('timeout', message()));
    this.#timer = setTimeout(timeOut, Math.min(ms, LONGEST_TIMER_MS));
    if (parent?.aborted === true) this.#follow();
    else parent?.addEventListener('abort', this.#follow, { once: true });
  }

  /** When what it limits is over; it never aborts any more. */
  clear(): void {
    clearTimeout(this.#timer);
    this.#parent?.removeEventListener('abort', this.#follow);
  }
}
