import { performance } from 'node:perf_hooks';
import { Secret, TOTP, URI } from 'otpauth';
import type { Totp } from '../../../../pack/index.js';
import { SecretUnavailable } from '../../../../pack/secrets/secret.js';
import { abortable } from '../../measuring/abortable.js';
import type { Cancellation } from '../../measuring/cancellation.js';

/**
 * Codes of RFC 6238 for one identity. Each is used once: a server that follows the RFC refuses a code that it has
 * accepted before, and a second login in the same half minute would look like a wrong secret.
 */
export class OneTimeCodes {
  readonly #now: () => number;
  #lastPeriod = Number.NEGATIVE_INFINITY;

  /** @param now milliseconds since 1970. */
  constructor(now: () => number = Date.now) {
    this.#now = now;
  }

  /** Waits for an unused code: at most one period, which does not count as the portal's time. */
  async ready(totp: Totp, secret: string, signal: Cancellation): Promise<void> {
    const { period } = generator(totp, secret);
    const nextMs = (this.#lastPeriod + 1) * period * 1000;
    const untilMs = performance.now() + nextMs - this.#now();
    while (performance.now() < untilMs) await pause(untilMs - performance.now(), signal);
  }

  /** @throws {SecretUnavailable} when the secret is invalid. */
  next(totp: Totp, secret: string): string {
    const codes = generator(totp, secret);
    const timestamp = this.#now();
    this.#lastPeriod = codes.counter({ timestamp });
    return codes.generate({ timestamp });
  }
}

/** As portals show it: Base32, in groups and in upper or lower case, or the complete address of a QR code. */
function generator({ algorithm, digits, periodSeconds }: Totp, secret: string): TOTP {
  try {
    if (/^otpauth:\/\//i.test(secret.trim())) {
      const parsed = URI.parse(secret.trim());
      if (parsed instanceof TOTP) return parsed;
      throw new TypeError('counter-based');
    }
    const base32 = secret.replaceAll(/[\s-]/g, '').toUpperCase();
    if (!/^[A-Z2-7]+=*$/.test(base32)) throw new TypeError('not Base32');
    return new TOTP({ secret: Secret.fromBase32(base32), algorithm, digits, period: periodSeconds });
  } catch {
    // The cause would quote the secret.
    throw new SecretUnavailable('the secret of totp: is neither Base32 nor an otpauth://totp address; copy it again');
  }
}

function pause(ms: number, signal: Cancellation): Promise<void> {
  return abortable(signal, (done, _, onAbort) => {
    const timer = setTimeout(done, ms);
    onAbort(() => clearTimeout(timer));
  });
}
