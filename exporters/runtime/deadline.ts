const DEFAULT_TIMEOUT_MS = 10_000;
const LONGEST_TIMEOUT_MS = 600_000;
const LARGEST_OFFSET_MS = 500;

/**
 * How long collectors may take. A header of Prometheus contains its time-out; a small part is subtracted so that the
 * page, with the results so far, arrives before that. A header that is not a number counts as absent.
 */
export function scrapeBudgetMs(header: string | undefined): number {
  const seconds = header !== undefined && /^\d{1,9}(\.\d+)?$/.test(header.trim()) ? Number(header) : 0;
  const timeoutMs = seconds > 0 ? Math.min(seconds * 1000, LONGEST_TIMEOUT_MS) : DEFAULT_TIMEOUT_MS;
  return timeoutMs - Math.min(LARGEST_OFFSET_MS, timeoutMs * 0.1);
}
