import type { Logger } from '../runtime/log.js';

/**
 * Logs that something cannot be read, and that it can be read again: once for each reason, because the metric shows it
 * at each scrape.
 *
 * @param what begins the message, and runbooks look for it.
 */
export function logProblem(log: Logger, what: string, before: string | undefined, now: string | undefined): void {
  if (now !== undefined) log[before === now ? 'debug' : 'warn'](`${what} cannot be read`, { reason: now });
  else if (before !== undefined) log.info(`${what} can be read again`);
}
