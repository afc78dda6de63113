import { performance } from 'node:perf_hooks';
import type { OpenRequest } from '../runtime/portal/http/open-request.js';

const LONGEST_MS = 3_600_000;

/**
 * Requests beyond their deadline that have neither been answered to their end nor closed by the server.
 *
 * After some time the exporter closes them: a lost connection would otherwise use its place for ever. The time doubles
 * with each further open request of the same owner, so that a route that hangs all day causes few abandoned queries.
 */
export class OpenRequests {
  abandonedAfterMs: number;
  readonly #onFree: () => void;
  readonly #open = new Map<OpenRequest, { readonly owner: string; readonly since: number }>();
  /** How many of an owner stayed open since its last success. */
  readonly #inRow = new Map<string, number>();

  /** @param onFree is called each time that a request has ended. */
  constructor(abandonedAfterMs: number, onFree: () => void) {
    this.abandonedAfterMs = abandonedAfterMs;
    this.#onFree = onFree;
  }

  get count(): number {
    return this.#open.size;
  }

  of(owner: string): number {
    let count = 0;
    for (const open of this.#open.values()) if (open.owner === owner) count += 1;
    return count;
  }

  /** How long ago the deadline of the owner's oldest open request passed, in milliseconds; 0 if there is none. */
  oldestMs(owner: string): number {
    for (const open of this.#open.values()) if (open.owner === owner) return performance.now() - open.since;
    return 0;
  }

  add(owner: string, request: OpenRequest): void {
    const before = this.#inRow.get(owner) ?? 0;
    this.#inRow.set(owner, before + 1);
    this.#open.set(request, { owner, since: performance.now() });
    const longest = Math.max(LONGEST_MS, this.abandonedAfterMs);
    const patience = setTimeout(() => request.close(), Math.min(longest, this.abandonedAfterMs * 2 ** before));
    patience.unref();
    void request.ended.then(() => {
      clearTimeout(patience);
      this.#open.delete(request);
      this.#onFree();
    });
  }

  succeeded(owner: string): void {
    this.#inRow.delete(owner);
  }

  close(): void {
    for (const request of this.#open.keys()) request.close();
  }
}
