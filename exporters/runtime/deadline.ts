const DEFAULT_TIMEOUT_MS = 10_000;
const LONGEST_TIMEOUT_MS = 600_000;
const LARGEST_OFFSET_MS = 500;

/**
 * How long collectors may take. Prometheus says in a header when it will give up; a little is kept back so that the
 * page, with what is there by then, still arrives before that. A header that is no number counts as absent.
 */
export function scrapeBudgetMs(header: string | undefined): number {
  const seconds = header !== undefined && /^\d{1,9}(\.\d+)?$/.test(header.trim()) ? Number(header) : 0;
  const timeoutMs = seconds > 0 ? Math.min(seconds * 1000, LONGEST_TIMEOUT_MS) : DEFAULT_TIMEOUT_MS;
  return timeoutMs - Math.min(LARGEST_OFFSET_MS, timeoutMs * 0.1);
}
