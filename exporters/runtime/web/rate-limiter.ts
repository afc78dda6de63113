import type { RateLimit } from './config.js';

/** A token bucket for the whole server. */
export class RateLimiter {
  readonly #now: () => number;
  #limit: RateLimit | undefined;
  #tokens = 0;
  #filledAt = 0;

  constructor(now: () => number = () => performance.now()) {
    this.#now = now;
  }

  /** Takes a token if there is one. A changed limit starts with a full bucket. */
  admits(limit: RateLimit | undefined): boolean {
    if (limit === undefined) {
      this.#limit = undefined;
      return true;
    }
    const now = this.#now();
    if (this.#limit?.intervalMs !== limit.intervalMs || this.#limit.burst !== limit.burst) {
      this.#limit = limit;
      this.#tokens = limit.burst;
    } else {
      this.#tokens = Math.min(limit.burst, this.#tokens + (now - this.#filledAt) / limit.intervalMs);
    }
    this.#filledAt = now;
    if (this.#tokens < 1) return false;
    this.#tokens -= 1;
    return true;
  }
}
