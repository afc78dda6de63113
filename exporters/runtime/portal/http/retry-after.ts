/**
 * How long a portal that does not serve a request asks the client to wait (RFC 9110, 10.2.3): seconds, or a date. With
 * other statuses this header has another meaning.
 *
 * @returns milliseconds, or undefined when the value cannot be read or is in the past.
 */
export function retryAfterMs(status: number, header: string | undefined, nowMs = Date.now()): number | undefined {
  if ((status !== 429 && status !== 503) || header === undefined) return undefined;
  const text = header.trim();
  const ms = /^\d+$/.test(text) ? Number(text) * 1000 : Date.parse(text) - nowMs;
  return ms > 0 ? ms : undefined;
}
