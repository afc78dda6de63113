import { formatMs } from '../../runtime/format.js';
import { asFailure, isAvailability, NotPossible, ProviderFailure, SessionLost } from '../providers/failure.js';
import type { Provider } from '../providers/provider.js';

/** The exporter stops: an interrupted operation gives no information about the provider. */
export class Stopped extends Error {
  override readonly name = 'Stopped';
}

/**
 * One call with a deadline. If a provider ignores its signal, the round still continues, and the late answer is
 * discarded.
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

/**
 * At most one new session per round: enough for a restarted portal, and no flood for a portal that loses every session.
 */
export class Renewal {
  #isSpent = false;

  /** @returns whether it was still available. */
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
 * Makes an attempt, and a second one with a new session if the provider had lost the session: a restart of the portal
 * is not a failure of its encryption. The time of the login counts for neither attempt. If the session is lost again in
 * the same round, that operation fails.
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

/** Whether an error means that the provider could not be reached, so that it proves nothing. */
export function tellsNothing(error: unknown): boolean {
  if (error instanceof Stopped || error instanceof NotPossible) return true;
  return isAvailability(asFailure(error).reason);
}
