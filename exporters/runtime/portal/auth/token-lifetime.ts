/** Fetch a new token this much before the old one expires. */
const EXPIRY_MARGIN_MS = 30_000;
const DEFAULT_LIFETIME_MS = 5 * 60_000;

/** How long a token is used, from the lifetime in seconds that its endpoint returned. */
export function expiresInMs(written: unknown): number {
  const seconds = Number(written ?? Number.NaN);
  if (!Number.isFinite(seconds) || seconds <= 0) return DEFAULT_LIFETIME_MS;
  return Math.max(seconds * 500, seconds * 1000 - EXPIRY_MARGIN_MS);
}
