import { setImmediate } from 'node:timers/promises';
import { PRINT_BYTES } from './batch.js';
import type { Spool } from './spool.js';

/** Hashes in memory at once, 8 bytes each; the rest needs another pass over the file. */
const HASHES_AT_ONCE = 4 * 1024 * 1024;
/** Few enough that sorting them blocks the event loop for only some milliseconds. */
const HASHES_PER_BUCKET = 32 * 1024;
const MAX_DUPLICATES = 100_000;

export interface Duplicates {
  /** Hashes that occurred more than once. */
  readonly hashes: ReadonlySet<bigint>;
  /** There were more than could be kept. */
  readonly isCut: boolean;
}

/**
 * Finds exactly which nonce hashes occur twice, in bounded memory. Hashes are spread over buckets by their first bits;
 * as many buckets as fit are filled in one pass, sorted, and searched for equal neighbours.
 *
 * 8 million rows take one or two readings; each further 4 million take one more.
 */
export async function duplicates(spool: Spool, total: number, signal: AbortSignal): Promise<Duplicates> {
  const found = new Set<bigint>();
  const bucketCount = Math.max(1, 2 ** Math.ceil(Math.log2(Math.max(1, total) / HASHES_PER_BUCKET)));
  const atOnce = Math.max(1, Math.floor((bucketCount * HASHES_AT_ONCE) / Math.max(1, total)));
  for (let from = 0; from < bucketCount; from += atOnce) {
    const to = Math.min(bucketCount, from + atOnce);
    const buckets = Array.from({ length: to - from }, () => new Bucket(found));
    for await (const { prints } of spool.blocks()) {
      signal.throwIfAborted();
      for (let at = 0; at < prints.length; at += PRINT_BYTES) {
        const bucket = Math.floor((prints.readUInt32BE(at) / 2 ** 32) * bucketCount);
        if (bucket >= from && bucket < to) buckets[bucket - from]?.add(prints.readBigUInt64BE(at));
      }
    }
    for (const bucket of buckets) {
      bucket.settle();
      // Other work waits for this event loop: a page, and measurements of its lateness.
      await setImmediate();
    }
  }
  return { hashes: found, isCut: found.size >= MAX_DUPLICATES };
}

class Bucket {
  readonly #found: Set<bigint>;
  #hashes = new BigUint64Array(1024);
  #length = 0;

  constructor(found: Set<bigint>) {
    this.#found = found;
  }

  add(hash: bigint): void {
    if (this.#length === this.#hashes.length) this.#makeRoom();
    this.#hashes[this.#length] = hash;
    this.#length += 1;
  }

  /** Keeps each hash once, and records repeated ones: a million equal hashes use no extra memory. */
  settle(): void {
    const sorted = this.#hashes.subarray(0, this.#length).sort();
    let kept = 0;
    for (let at = 0; at < sorted.length; at += 1) {
      const hash = sorted[at];
      if (hash === undefined) continue;
      if (kept > 0 && hash === sorted[kept - 1]) {
        if (this.#found.size < MAX_DUPLICATES) this.#found.add(hash);
      } else {
        sorted[kept] = hash;
        kept += 1;
      }
    }
    this.#length = kept;
  }

  #makeRoom(): void {
    this.settle();
    if (this.#length > this.#hashes.length / 2) {
      const larger = new BigUint64Array(this.#hashes.length * 2);
      larger.set(this.#hashes.subarray(0, this.#length));
      this.#hashes = larger;
    }
  }
}
