import { performance } from 'node:perf_hooks';
import { type StepPhase, stepPhases } from '../../../pack/portal/outcomes.js';
import type { LoopWatch } from './loop-watch.js';

/** Time in each phase, in milliseconds. Empty when nothing was measured. */
export type PhaseTimes = Readonly<Partial<Record<StepPhase, number>>>;

/**
 * A stopwatch for the portal's time. It is in one phase or stopped, so the phases add up to the total. So a failed step
 * shows where it hung, as a successful step shows where it spent its time.
 *
 * It watches the event loop only while it runs, because work between two requests does not disturb a measurement.
 */
export class PhaseClock {
  readonly #loopWatch: LoopWatch;
  readonly #ms = new Map<StepPhase, number>();
  #phase: StepPhase | undefined;
  #waitsForOurs = false;
  #oursMs = 0;
  #since = 0;
  #endWatch: (() => number) | undefined;
  #latenessMs = 0;
  #isEnded = false;

  constructor(loopWatch: LoopWatch) {
    this.#loopWatch = loopWatch;
  }

  /** Ends the phase before it, or starts the clock. */
  enter(phase: StepPhase): void {
    if (this.#isEnded) return;
    this.#settle();
    this.#phase = phase;
    this.#endWatch ??= this.#loopWatch.start();
  }

  /** Stops the clock until the next phase begins, if there is one. */
  stop(): void {
    this.#settle();
    this.#phase = undefined;
    this.#latenessMs += this.#endWatch?.() ?? 0;
    this.#endWatch = undefined;
  }

  /**
   * Until the next phase begins, the time is not the portal's: the exporter waits for its own resources, such as a
   * thread.
   */
  waitForOurs(): void {
    if (this.#isEnded) return;
    this.stop();
    this.#waitsForOurs = true;
  }

  /** Stops it permanently: a late event of an abandoned request must not start it again. */
  end(): void {
    this.stop();
    this.#isEnded = true;
  }

  get totalMs(): number {
    let total = 0;
    for (const ms of this.#ms.values()) total += ms;
    return total;
  }

  get phases(): PhaseTimes {
    return this.#ms.size === 0 ? {} : Object.fromEntries(stepPhases.map((phase) => [phase, this.#ms.get(phase) ?? 0]));
  }

  /** How long the exporter has waited for its own resources so far. */
  get oursMs(): number {
    return this.#oursMs + (this.#waitsForOurs ? performance.now() - this.#since : 0);
  }

  /** How long the event loop was late while the clock ran: at most this much was added. */
  get latenessMs(): number {
    return this.#latenessMs;
  }

  #settle(): void {
    const now = performance.now();
    if (this.#phase !== undefined) this.#ms.set(this.#phase, (this.#ms.get(this.#phase) ?? 0) + now - this.#since);
    if (this.#waitsForOurs) this.#oursMs += now - this.#since;
    this.#waitsForOurs = false;
    this.#since = now;
  }
}

export function addPhases(a: PhaseTimes, b: PhaseTimes): PhaseTimes {
  const sum: Partial<Record<StepPhase, number>> = { ...a };
  for (const phase of stepPhases) {
    const ms = b[phase];
    if (ms !== undefined) sum[phase] = (sum[phase] ?? 0) + ms;
  }
  return sum;
}
