import type { EncryptionOperation } from '../../../pack/encryption/metrics.js';
import { type Interval, overlapMs } from './garbage.js';

export type Temperature = 'warm' | 'cold';

/** The times of one operation at one size, as plain data: it crosses from the measuring thread to the page. */
export interface OperationTimes {
  readonly operation: EncryptionOperation;
  readonly sizeBytes: number;
  readonly temperature: Temperature;
  /** Undisturbed ones, in seconds. */
  readonly seconds: readonly number[];
  readonly met: number;
  readonly missed: number;
  /** Disturbed ones; those among them that were in time, or late, whatever the disturbance are in `met` and `missed` too. */
  readonly tainted: number;
}

/**
 * What a disturbance may add before a sample is no measurement any more: a tenth of it, but never more than a
 * millisecond, because the promise is ten; below a quarter of one it is noise.
 */
const TAINT_RATIO = 0.1;
const TAINT_FLOOR_MS = 0.25;
const TAINT_CEILING_MS = 1;

/**
 * Collects samples and judges them when all is known: that garbage was collected during one is told only afterwards.
 * Adding one costs two stores into arrays.
 */
export class Samples {
  readonly #targetMs: (operation: EncryptionOperation) => number;
  readonly #series = new Map<string, Collected>();

  constructor(targetMs: (operation: EncryptionOperation) => number) {
    this.#targetMs = targetMs;
  }

  at(operation: EncryptionOperation, sizeBytes: number, temperature: Temperature): Collected {
    const key = `${operation} ${sizeBytes} ${temperature}`;
    let found = this.#series.get(key);
    if (found === undefined) {
      found = new Collected(operation, sizeBytes, temperature);
      this.#series.set(key, found);
    }
    return found;
  }

  judge(garbage: readonly Interval[]): OperationTimes[] {
    return [...this.#series.values()].map((collected) => collected.judge(this.#targetMs(collected.operation), garbage));
  }
}

/**
 * Whether a disturbance cannot be why something was late. Twice what is known of it: nobody sees all of a disturbance, and
 * what is not seen must not count against the provider. About those between nobody can tell.
 */
export function isLateAnyway(durationMs: number, disturbedMs: number, targetMs: number): boolean {
  return durationMs - 2 * disturbedMs > targetMs;
}

class Collected {
  readonly operation: EncryptionOperation;
  readonly #sizeBytes: number;
  readonly #temperature: Temperature;
  readonly #starts: number[] = [];
  readonly #ends: number[] = [];
  /** By index, and only where there was any. */
  readonly #disturbedMs = new Map<number, number>();
  readonly #batches = new Map<number, number>();

  constructor(operation: EncryptionOperation, sizeBytes: number, temperature: Temperature) {
    this.operation = operation;
    this.#sizeBytes = sizeBytes;
    this.#temperature = temperature;
  }

  /**
   * @param disturbedMs how much of the span was neither the provider's nor the collection of garbage.
   * @param batch how many operations the span holds, where one alone is too short for the clock.
   */
  add(start: number, end: number, disturbedMs = 0, batch = 1): void {
    if (disturbedMs > 0) this.#disturbedMs.set(this.#starts.length, disturbedMs);
    if (batch > 1) this.#batches.set(this.#starts.length, batch);
    this.#starts.push(start);
    this.#ends.push(end);
  }

  judge(targetMs: number, garbage: readonly Interval[]): OperationTimes {
    const seconds: number[] = [];
    let met = 0;
    let missed = 0;
    let tainted = 0;
    for (const [index, start] of this.#starts.entries()) {
      const end = this.#ends[index] ?? start;
      const durationMs = end - start;
      const disturbedMs = (this.#disturbedMs.get(index) ?? 0) + overlapMs({ start, end }, garbage);
      const batch = this.#batches.get(index) ?? 1;
      const eachMs = durationMs / batch;
      const isTainted = disturbedMs > Math.min(TAINT_CEILING_MS, Math.max(TAINT_FLOOR_MS, durationMs * TAINT_RATIO));
      if (isTainted) tainted += batch;
      else for (let one = 0; one < batch; one += 1) seconds.push(eachMs / 1000);
      // A disturbance only adds: whoever was in time in spite of it was in time.
      if (eachMs <= targetMs) met += batch;
      else if (!isTainted || isLateAnyway(durationMs, disturbedMs, targetMs * batch)) missed += batch;
    }
    const { operation } = this;
    return { operation, sizeBytes: this.#sizeBytes, temperature: this.#temperature, seconds, met, missed, tainted };
  }
}
