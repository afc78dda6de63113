import { performance } from 'node:perf_hooks';
import { type StepPhase, stepPhases } from '../../../pack/portal/outcomes.js';
import type { LoopWatch } from './loop-watch.js';

/** Time in each phase, in milliseconds. Empty when nothing was measured. */
export type PhaseTimes = Readonly<Partial<Record<StepPhase, number>>>;

/**
 * A stopwatch for the portal's time. It is in one phase or stopped, so the phases add up to the whole, and a step that
 * failed shows where it hung just as one that succeeded shows where it spent its time.
 *
 * While it runs, and only then, it watches the event loop: what we do between two requests disturbs no measurement.
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

  /** Until the next phase begins, if one does. */
  stop(): void {
    this.#settle();
    this.#phase = undefined;
    this.#latenessMs += this.#endWatch?.() ?? 0;
    this.#endWatch = undefined;
  }

  /** Until the next phase begins, what is waited for is ours, such as a thread, and no time of the portal's. */
  waitForOurs(): void {
    if (this.#isEnded) return;
    this.stop();
    this.#waitsForOurs = true;
  }

  /** For good: an event of an abandoned request may still come, and must not start it again. */
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

  /** How long what is ours was waited for, up to now. */
  get oursMs(): number {
    return this.#oursMs + (this.#waitsForOurs ? performance.now() - this.#since : 0);
  }

  /** How long the event loop was late while the clock ran: no more than this can have been added. */
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
