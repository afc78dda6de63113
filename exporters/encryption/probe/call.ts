import { formatMs } from '../../runtime/format.js';
import { asFailure, isAvailability, NotPossible, ProviderFailure, SessionLost } from '../providers/failure.js';
import type { Provider } from '../providers/provider.js';

/** The exporter is ending: what was under way says nothing about the provider. */
export class Stopped extends Error {
  override readonly name = 'Stopped';
}

/**
 * One call with a deadline. A provider that does not heed its signal is left behind all the same: its round goes on,
 * and what it still answers is thrown away.
 */
export async function withinDeadline<T>(
  timeoutMs: number,
  stopping: AbortSignal,
  work: (signal: AbortSignal) => T | Promise<T>,
): Promise<T> {
  if (stopping.aborted) throw new Stopped('the exporter is stopping');
  const controller = new AbortController();
  const given = new Promise<never>((_, reject) => {
    controller.signal.addEventListener('abort', () => reject(controller.signal.reason), { once: true });
  });
  given.catch(() => undefined);
  const timer = setTimeout(
    () => controller.abort(new ProviderFailure('timeout', `no answer after ${formatMs(timeoutMs)}`)),
    timeoutMs,
  );
  const stop = () => controller.abort(new Stopped('the exporter is stopping'));
  stopping.addEventListener('abort', stop, { once: true });
  try {
    const answer = work(controller.signal);
    if (!(answer instanceof Promise)) return answer;
    answer.catch(() => undefined);
    return await Promise.race([answer, given]);
  } finally {
    clearTimeout(timer);
    stopping.removeEventListener('abort', stop);
  }
}

/** One new session for a round: a portal that restarted takes no more, and one that loses each is not to be flooded. */
export class Renewal {
  #isSpent = false;

  /** @returns whether it was there to be spent. */
  spend(): boolean {
    const wasThere = !this.#isSpent;
    this.#isSpent = true;
    return wasThere;
  }
}

export interface CallLimits {
  readonly timeoutMs: number;
  readonly stopping: AbortSignal;
  /** Shared by all calls of a round. */
  readonly renewal: Renewal;
}

/**
 * Makes an attempt, and another one where the provider had lost our session and we have a new one. That a portal
 * restarted is no failure of its encryption. What the login takes is in neither attempt. A session that is lost again in
 * the same round is a failure of that operation.
 */
export async function renewing<T>(
  provider: Pick<Provider, 'open'>,
  { timeoutMs, stopping, renewal }: CallLimits,
  attempt: () => T | Promise<T>,
): Promise<T> {
  try {
    return await attempt();
  } catch (error) {
    if (!(error instanceof SessionLost && renewal.spend())) throw error;
    await withinDeadline(timeoutMs, stopping, (signal) => provider.open(signal));
    return attempt();
  }
}

/** Whether an error says that nobody could be asked, so that nothing can be concluded from it. */
export function tellsNothing(error: unknown): boolean {
  if (error instanceof Stopped || error instanceof NotPossible) return true;
  return isAvailability(asFailure(error).reason);
}
