import type { EncryptionOperation } from '../../../pack/encryption/metrics.js';
import { type Interval, overlapMs } from './garbage.js';

export type Temperature = 'warm' | 'cold';

/** The times of one operation at one size, as plain data: it is sent from the measuring thread to the main thread. */
export interface OperationTimes {
  readonly operation: EncryptionOperation;
  readonly sizeBytes: number;
  readonly temperature: Temperature;
  /** Undisturbed ones, in seconds. */
  readonly seconds: readonly number[];
  readonly met: number;
  readonly missed: number;
  /** Disturbed samples; those with a certain verdict are also in `met` and `missed`. */
  readonly tainted: number;
}

/**
 * The largest disturbance with which a sample still counts as a measurement: a tenth of it, but at most a millisecond,
 * because the promise is ten; a disturbance below a quarter of a millisecond is noise.
 */
const TAINT_RATIO = 0.1;
const TAINT_FLOOR_MS = 0.25;
const TAINT_CEILING_MS = 1;

/**
 * Collects samples and judges them at the end, because garbage collections are reported only later. Adding a sample
 * costs two writes to arrays.
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
 * Whether a disturbance cannot explain the excess. The excess must be more than twice the measured disturbance, because
 * part of a disturbance cannot be measured and must not count against the provider. Between the two, the verdict is
 * unknown.
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
  /** By index, only for disturbed samples. */
  readonly #disturbedMs = new Map<number, number>();
  readonly #batches = new Map<number, number>();

  constructor(operation: EncryptionOperation, sizeBytes: number, temperature: Temperature) {
    this.operation = operation;
    this.#sizeBytes = sizeBytes;
    this.#temperature = temperature;
  }

  /**
   * @param disturbedMs how much of the span was neither the provider's time nor garbage collection.
   * @param batch how many operations the span contains, if a single one is too short for the clock.
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
      // A disturbance only adds time: a sample that was in time in spite of it has met its SLA.
      if (eachMs <= targetMs) met += batch;
      else if (!isTainted || isLateAnyway(durationMs, disturbedMs, targetMs * batch)) missed += batch;
    }
    const { operation } = this;
    return { operation, sizeBytes: this.#sizeBytes, temperature: this.#temperature, seconds, met, missed, tainted };
  }
}
