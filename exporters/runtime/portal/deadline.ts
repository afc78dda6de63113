import { formatMs } from '../format.js';
import { StepFailure } from './step-failure.js';

export interface Deadline {
  /** Aborts with a {@link StepFailure} `timeout`, or with the parent's reason. */
  readonly signal: AbortSignal;
  clear(): void;
}

/** Node's timers hold no more, and fire at once when they are asked to. */
const LONGEST_TIMER_MS = 2 ** 31 - 1;

/** A time limit below another one. `AbortSignal.any` with `timeout` would do, at five times the cost. */
export function deadline(ms: number, parent?: AbortSignal, message = `no end after ${formatMs(ms)}`): Deadline {
  const controller = new AbortController();
  const timer = setTimeout(() => controller.abort(new StepFailure('timeout', message)), Math.min(ms, LONGEST_TIMER_MS));
  const follow = () => controller.abort(parent?.reason);
  if (parent?.aborted === true) follow();
  else parent?.addEventListener('abort', follow, { once: true });
  return {
    signal: controller.signal,
    clear() {
      clearTimeout(timer);
      parent?.removeEventListener('abort', follow);
    },
  };
}
