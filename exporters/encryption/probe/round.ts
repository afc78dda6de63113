import { performance } from 'node:perf_hooks';
import type { EncryptionError, EncryptionOperation, EncryptionUncertain } from '../../../pack/encryption/metrics.js';
import { formatMs } from '../../runtime/format.js';
import { LoopWatch } from '../../runtime/measuring/loop-watch.js';
import { asFailure, ExporterFault, ProviderFailure } from '../providers/failure.js';
import type { Provider } from '../providers/provider.js';
import { runAgedTests } from './aged-tests.js';
import { Breath } from './breath.js';
import { Renewal, renewing, Stopped, withinDeadline } from './call.js';
import { canary, contextOf } from './canary.js';
import type { CanaryFile } from './canary-file.js';
import { GarbageWatch } from './garbage.js';
import { type ProcessorSample, ProcessorWatch } from './processor-watch.js';
import { isLateAnyway, type OperationTimes, Samples, type Temperature } from './samples.js';
import { runSelfTests, type TestResults } from './self-tests.js';
import { type Counted, ReasonTally } from './tally.js';

export interface RoundPlan {
  readonly sizesBytes: readonly number[];
  /** Samples per size. */
  readonly samples: number;
  readonly timeoutMs: number;
  /** Promised duration of one encryption or decryption; a round trip is both. */
  readonly slaSeconds: number;
  /** Longest duration of a round; it takes fewer samples if necessary, but at least one of each size. */
  readonly budgetMs: number;
  readonly skipVersionTests: boolean;
  /** Stored state of the provider; absent if nothing can be stored. */
  readonly file?: CanaryFile;
  readonly skipAgedTests?: boolean;
}

export interface RoundOutcome {
  readonly series: readonly OperationTimes[];
  readonly failures: readonly RoundFailure[];
  /** Operations with a fault of the exporter: neither met nor failed. */
  readonly uncertain: readonly Counted<EncryptionUncertain>[];
  readonly selfTests: TestResults;
  readonly isUsable: boolean;
  /** Of aged canaries; absent where it was not looked at, or nobody could be asked. */
  readonly isRecordLost?: boolean;
  /** Of ours, and nothing else kept it from being used: whether it works is not known. */
  readonly fault?: EncryptionUncertain;
  /** Why it is not usable, as a readable text. */
  readonly problem?: string;
}

export type RoundFailure = Counted<EncryptionError>;

/** Each one calls the key service, which may cost money; three per round are enough to measure a cold key. */
const COLD_SAMPLES = 3;
const DATA_KEY_BYTES = 32;
/** The first operations of a connection, or of code that is not compiled yet, are not typical for users. */
const WARM_UP_MS = 5;
const WARM_UP_PAIRS = 20;
/** Below this duration, reading the clock twice takes more than a tenth of the measured time. */
const SHORTEST_MS = 0.001;
const BATCH_MS = 0.01;
/** A timer fires up to a millisecond late on an idle machine. */
const LATE_MS = 2;
/** Shorter operations cannot be disturbed noticeably. */
const SUSPICIOUS_MS = 0.1;
/** This many consecutive failures end the measuring: a provider that cannot answer is not called 200 times more. */
const FAILURES_IN_A_ROW = 3;
const OPEN_ATTEMPTS = 3;

/**
 * One round with one provider: opens it, measures operations of every size, with warm and cold data keys, runs the
 * self-tests, and closes it again. A sample is a pair: an encryption, and the decryption of its result. So one pair
 * gives all three durations, and each result is checked.
 *
 * A failure counts for that operation, and the round continues. The provider is down when nothing works: it cannot be
 * opened, or no encryption with its decryption was answered. A wrong answer is an answer: it is an integrity error, not
 * an outage. If only faults of the exporter prevented the operations, it is unknown whether the provider is down.
 *
 * @throws {Stopped} when the exporter stops in the meantime.
 */
export async function runRound<S>(
  provider: Provider<S>,
  plan: RoundPlan,
  nonces: Set<string>,
  stopping: AbortSignal,
): Promise<RoundOutcome> {
  const renewal = new Renewal();
  const round = new Round(provider, plan, stopping, renewal);
  try {
    await opened(provider, plan, stopping);
    await round.measure();
    const { refusal } = round;
    if (refusal !== undefined) {
      if (!round.hasFailed) round.note(refusal.operation, refusal.failure);
      return unusable(await round.outcome(), refusal.failure);
    }
    const { file } = plan;
    // Runs before a version is revoked for a test, because that version must be decryptable here.
    const aged =
      file === undefined || plan.skipAgedTests === true
        ? undefined
        : await runAgedTests(provider, { ...plan, file, stopping, renewal });
    const selfTests = await runSelfTests(provider, {
      timeoutMs: plan.timeoutMs,
      stopping,
      renewal,
      nonces,
      skipVersions: plan.skipVersionTests,
      ...(file === undefined ? {} : { file }),
    });
    if (stopping.aborted) throw new Stopped('the exporter is stopping');
    const { results = [], isRecordLost } = aged ?? {};
    return {
      ...(await round.outcome()),
      selfTests: new Map([...selfTests, ...results]),
      isUsable: true,
      ...(isRecordLost === undefined ? {} : { isRecordLost }),
    };
  } catch (error) {
    if (error instanceof Stopped) throw error;
    const failure = asFailure(error);
    // No operation has run yet; the failure counts as a failed encryption.
    round.note('encrypt', failure);
    return unusable(await round.outcome(), failure);
  } finally {
    await provider.close().catch(() => undefined);
  }
}

function unusable(measured: Measured, failure: ProviderFailure): RoundOutcome {
  const fault = failure instanceof ExporterFault ? { fault: failure.fault } : {};
  return { ...measured, selfTests: new Map(), isUsable: false, problem: failure.message, ...fault };
}

/** Opening is retried if the provider was unavailable: a server that fails one request in a hundred is up. */
async function opened<S>(provider: Provider<S>, plan: RoundPlan, stopping: AbortSignal): Promise<void> {
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await withinDeadline(plan.timeoutMs, stopping, (signal) => provider.open(signal));
    } catch (error) {
      // Not after a time-out, which would delay the round, and never after a refusal, which may be that of a PIN.
      if (error instanceof Stopped || error instanceof ExporterFault || attempt === OPEN_ATTEMPTS) throw error;
      if (asFailure(error).reason !== 'unavailable') throw error;
      await provider.close().catch(() => undefined);
    }
  }
}

class Round<S> {
  readonly #provider: Provider<S>;
  readonly #plan: RoundPlan;
  readonly #stopping: AbortSignal;
  readonly #renewal: Renewal;
  readonly #samples: Samples;
  readonly #failures = new ReasonTally<EncryptionError>();
  readonly #uncertain = new ReasonTally<EncryptionUncertain>();
  readonly #garbage = new GarbageWatch();
  readonly #loop = new LoopWatch();
  readonly #processor = new ProcessorWatch();
  readonly #context = contextOf('row-1');
  readonly #idleSignal = new AbortController().signal;
  readonly #breath = new Breath();
  #failuresInARow = 0;
  #lastFailure: Refusal | undefined;
  #hasAnswered = false;
  #mayBeBroken = false;
  #endWatch: (() => number) | undefined;

  constructor(provider: Provider<S>, plan: RoundPlan, stopping: AbortSignal, renewal: Renewal) {
    this.#renewal = renewal;
    this.#provider = provider;
    this.#plan = plan;
    this.#stopping = stopping;
    const oneMs = plan.slaSeconds * 1000;
    this.#samples = new Samples((operation) => (operation === 'round_trip' ? 2 * oneMs : oneMs));
  }

  get hasFailed(): boolean {
    return this.#failures.counts.length + this.#uncertain.counts.length > 0;
  }

  /** Why nothing works; undefined if something worked. */
  get refusal(): Refusal | undefined {
    return this.#hasAnswered ? undefined : this.#lastFailure;
  }

  /** Stops after too many consecutive failures. */
  async measure(): Promise<void> {
    try {
      await this.#measureAll();
    } catch (error) {
      if (!(error instanceof Exhausted)) throw error;
    }
  }

  async #measureAll(): Promise<void> {
    const sizes = this.#plan.sizesBytes.map((bytes) => ({ bytes, plaintext: canary(bytes), batch: 1 }));
    for (const size of sizes) size.batch = await this.#warmUp(size.plaintext);
    this.#garbage.start();
    this.#processor.open();
    // While one watch is open, the heartbeat continues from sample to sample.
    this.#endWatch = this.#provider.isSynchronous ? undefined : this.#loop.start();
    const until = performance.now() + this.#plan.budgetMs;
    // All sizes in each turn, so that a shortened round has the same number of samples of each.
    for (let turn = 0; turn < this.#plan.samples && (turn === 0 || performance.now() < until); turn += 1) {
      for (const { bytes, plaintext, batch } of sizes) {
        if (this.#breath.isDue) await this.#breath.take();
        if (batch > 1) this.#batch(bytes, plaintext, batch);
        else await this.#pair(bytes, plaintext, true);
      }
    }
    for (let turn = 0; turn < COLD_SAMPLES && this.#provider.dataKeys !== undefined; turn += 1) {
      for (const { bytes, plaintext } of sizes) await this.#coldPair(bytes, plaintext);
      await this.#dataKey();
    }
  }

  async outcome(): Promise<Measured> {
    this.#endWatch?.();
    this.#processor.close();
    const series = this.#samples.judge(await this.#garbage.stop());
    return { series, failures: this.#failures.counts, uncertain: this.#uncertain.counts };
  }

  note(operation: EncryptionOperation, failure: ProviderFailure): void {
    if (failure instanceof ExporterFault) this.#uncertain.add(operation, failure.fault);
    else this.#failures.add(operation, failure.reason);
  }

  /** @returns how many operations to measure together. */
  async #warmUp(plaintext: Buffer): Promise<number> {
    const until = performance.now() + WARM_UP_MS;
    let fastest = Number.POSITIVE_INFINITY;
    for (let pairs = 0; pairs === 0 || (pairs < WARM_UP_PAIRS && performance.now() < until); pairs += 1) {
      if (this.#breath.isDue) await this.#breath.take();
      const start = performance.now();
      // The samples of a refused size show the refusal; the other sizes are still measured.
      if (!(await this.#pair(plaintext.length, plaintext, false))) break;
      fastest = Math.min(fastest, performance.now() - start);
    }
    return this.#provider.isSynchronous && fastest / 2 < SHORTEST_MS ? Math.ceil(BATCH_MS / fastest) : 1;
  }

  async #coldPair(bytes: number, plaintext: Buffer): Promise<void> {
    this.#provider.dataKeys?.forget();
    await this.#pair(bytes, plaintext, true, () => this.#provider.dataKeys?.forget());
  }

  /**
   * One encryption and the decryption of its result, each measured; the comparison is not.
   *
   * @param record whether results count. Warm-up does not count, as long as something is measured after it.
   * @returns whether both succeeded.
   */
  async #pair(bytes: number, plaintext: Buffer, record: boolean, between: () => void = nothing): Promise<boolean> {
    if (!(await this.#reopen())) return false;
    const provider = this.#provider;
    const context = this.#context;
    const fetchedBefore = provider.dataKeys?.fetched ?? 0;
    const encrypted = await this.#timed('encrypt', record, (signal) =>
      provider.encrypt(plaintext, context, { signal }),
    );
    if (encrypted === undefined) return false;
    const fetchedBetween = provider.dataKeys?.fetched ?? 0;
    between();
    const decrypted = await this.#timed('decrypt', record, (signal) =>
      provider.decrypt(encrypted.value, context, { signal }),
    );
    if (decrypted === undefined) return false;
    const fetchedAfter = provider.dataKeys?.fetched ?? 0;
    this.#answered();
    const isRight = decrypted.value.equals(plaintext);
    if (decrypted.value !== plaintext) decrypted.value.fill(0);
    if (!isRight) {
      if (record) this.note('decrypt', changed());
      return false;
    }
    if (!record) return true;
    const first = temperature(fetchedBetween > fetchedBefore);
    const second = temperature(fetchedAfter > fetchedBetween);
    this.#samples.at('encrypt', bytes, first).add(encrypted.start, encrypted.end, encrypted.disturbedMs);
    this.#samples.at('decrypt', bytes, second).add(decrypted.start, decrypted.end, decrypted.disturbedMs);
    // The time between the two is the exporter's own, and short: at most one turn of the event loop.
    const both = decrypted.end - decrypted.start + (encrypted.end - encrypted.start);
    this.#samples
      .at('round_trip', bytes, temperature(first === 'cold' || second === 'cold'))
      .add(decrypted.end - both, decrypted.end, encrypted.disturbedMs + decrypted.disturbedMs);
    return true;
  }

  /** Many operations with one clock reading; only for synchronous providers. A failure ends them. */
  #batch(bytes: number, plaintext: Buffer, count: number): void {
    const call = { signal: this.#idleSignal };
    const context = this.#context;
    const made: S[] = [];
    const before = this.#processor.sample();
    const start = performance.now();
    let middle = start;
    let last: Buffer | undefined;
    try {
      for (let one = 0; one < count; one += 1) made.push(now(this.#provider.encrypt(plaintext, context, call)));
      middle = performance.now();
      for (const sealed of made) last = now(this.#provider.decrypt(sealed, context, call));
    } catch (error) {
      this.#failed(middle === start ? 'encrypt' : 'decrypt', true, error);
      return;
    }
    const end = performance.now();
    this.#answered();
    if (last?.equals(plaintext) !== true) {
      this.note('decrypt', changed());
      return;
    }
    const disturbedMs = this.#lostSince(before, end - start);
    this.#samples.at('encrypt', bytes, 'warm').add(start, middle, disturbedMs, count);
    this.#samples.at('decrypt', bytes, 'warm').add(middle, end, disturbedMs, count);
    this.#samples.at('round_trip', bytes, 'warm').add(start, end, disturbedMs, count);
  }

  async #dataKey(): Promise<void> {
    const { dataKeys } = this.#provider;
    if (dataKeys === undefined) return;
    const fetched = await this.#timed('data_key', true, (signal) => dataKeys.fetch(signal));
    if (fetched !== undefined) {
      this.#samples.at('data_key', DATA_KEY_BYTES, 'cold').add(fetched.start, fetched.end, fetched.disturbedMs);
    }
  }

  /** An abandoned call may have closed its connection: its failure must not make all later operations fail. */
  async #reopen(): Promise<boolean> {
    if (!this.#mayBeBroken) return true;
    const { timeoutMs } = this.#plan;
    await this.#provider.close().catch(() => undefined);
    try {
      await withinDeadline(timeoutMs, this.#stopping, (signal) => this.#provider.open(signal));
    } catch (error) {
      this.#failed('encrypt', true, error);
      return false;
    }
    this.#mayBeBroken = false;
    return true;
  }

  /** @returns undefined when it failed. @throws {Exhausted} after too many consecutive failures. */
  async #timed<T>(
    operation: EncryptionOperation,
    record: boolean,
    work: (signal: AbortSignal) => T | Promise<T>,
  ): Promise<Timed<T> | undefined> {
    try {
      if (this.#provider.isSynchronous) return this.#timedNow(work);
      const limits = { timeoutMs: this.#plan.timeoutMs, stopping: this.#stopping, renewal: this.#renewal };
      return await renewing(this.#provider, limits, () => this.#timedLater(work));
    } catch (error) {
      this.#failed(operation, record, error);
      return undefined;
    }
  }

  #answered(): void {
    this.#hasAnswered = true;
    this.#failuresInARow = 0;
  }

  #failed(operation: EncryptionOperation, record: boolean, error: unknown): void {
    if (error instanceof Stopped) throw error;
    const failure = asFailure(error);
    // At least one failure of the provider and no answer at all: it is down, even if the exporter also had faults.
    const isTold = this.#lastFailure !== undefined && !(this.#lastFailure.failure instanceof ExporterFault);
    if (!(failure instanceof ExporterFault && isTold)) this.#lastFailure = { operation, failure };
    if (record) this.note(operation, failure);
    if (failure.reason === 'integrity') {
      if (operation === 'decrypt') this.#answered();
      return;
    }
    this.#mayBeBroken ||= failure.reason === 'timeout' || failure.reason === 'unavailable';
    this.#failuresInARow += 1;
    if (this.#failuresInARow >= FAILURES_IN_A_ROW) throw new Exhausted();
  }

  /** Without timers, promises and a watch of the event loop, because a synchronous call cannot be delayed by it. */
  #timedNow<T>(work: (signal: AbortSignal) => T | Promise<T>): Timed<T> {
    if (this.#stopping.aborted) throw new Stopped('the exporter is stopping');
    const signal = this.#idleSignal;
    const before = this.#processor.sample();
    const start = performance.now();
    const value = work(signal);
    const end = performance.now();
    return { value: now(value), start, end, disturbedMs: this.#lostSince(before, end - start) };
  }

  async #timedLater<T>(work: (signal: AbortSignal) => T | Promise<T>): Promise<Timed<T>> {
    const ended = this.#loop.start();
    const before = this.#processor.sample();
    let start = 0;
    let end = 0;
    try {
      const value = await withinDeadline(this.#plan.timeoutMs, this.#stopping, (signal) => {
        start = performance.now();
        const answer = work(signal);
        if (!(answer instanceof Promise)) {
          end = performance.now();
          return answer;
        }
        // Stopped where the answer arrives, before other waiting work runs.
        return answer.then((arrived) => {
          end = performance.now();
          return arrived;
        });
      });
      const lateMs = ended();
      const lostMs = this.#lostSince(before, end - start);
      // Waiting for a processor also makes the event loop late: the two are one disturbance.
      return { value, start, end, disturbedMs: Math.max(lostMs, lateMs > LATE_MS ? lateMs : 0) };
    } catch (error) {
      const lateMs = Math.max(ended(), this.#lostSince(before, performance.now() - start));
      const durationMs = performance.now() - start;
      const mayBeInTime = lateMs > LATE_MS && !isLateAnyway(durationMs, lateMs, this.#plan.slaSeconds * 1000);
      throw asFailureOf(error, mayBeInTime, lateMs);
    }
  }

  #lostSince(before: ProcessorSample, durationMs: number): number {
    return durationMs < SUSPICIOUS_MS ? 0 : this.#processor.lostMs(before, this.#provider.isComputation !== true);
  }
}

/** Ends the measuring of a round, and nothing else. */
class Exhausted extends Error {
  override readonly name = 'Exhausted';
}

type Measured = Pick<RoundOutcome, 'series' | 'failures' | 'uncertain'>;

interface Refusal {
  readonly operation: EncryptionOperation;
  readonly failure: ProviderFailure;
}

interface Timed<T> {
  readonly value: T;
  /** On the clock of `performance.now`. */
  readonly start: number;
  readonly end: number;
  readonly disturbedMs: number;
}

/** A deadline that passed while this thread was blocked: the answer may have arrived in time. */
function asFailureOf(error: unknown, mayBeInTime: boolean, lateMs: number): unknown {
  const isTimeout = error instanceof ProviderFailure && error.reason === 'timeout';
  if (!isTimeout || !mayBeInTime) return error;
  return new ExporterFault('event-loop', `the exporter was kept from its work for ${formatMs(lateMs)}`);
}

function now<T>(value: T | Promise<T>): T {
  if (value instanceof Promise) throw new ProviderFailure('protocol', 'a synchronous provider made us wait');
  return value;
}

function changed(): ProviderFailure {
  return new ProviderFailure('integrity', 'the plaintext came back changed');
}

function temperature(isCold: boolean): Temperature {
  return isCold ? 'cold' : 'warm';
}

function nothing(): void {}
