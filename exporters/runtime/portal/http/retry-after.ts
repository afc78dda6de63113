/**
 * How long a portal that does not serve us now asks us to wait (RFC 9110, 10.2.3): seconds, or a date. Other statuses say
 * something else with this header.
 *
 * @returns milliseconds, or undefined when it asks for nothing that can be read or lies ahead.
 */
export function retryAfterMs(status: number, header: string | undefined, nowMs = Date.now()): number | undefined {
  if ((status !== 429 && status !== 503) || header === undefined) return undefined;
  const text = header.trim();
  const ms = /^\d+$/.test(text) ? Number(text) * 1000 : Date.parse(text) - nowMs;
  return ms > 0 ? ms : undefined;
}
