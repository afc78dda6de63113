import type { FaultRegistry } from './registry.js';
import { InvalidFault, type RuleInput } from './rule.js';

export type ScenarioAction =
  | {
      readonly set: RuleInput & { readonly id: string };
      /** Left out, and said to be, where this portal lacks what it needs, such as an audit trail. */
      readonly ifPossible?: true;
    }
  | { readonly clear: string };

export interface ScenarioStep {
  readonly atSeconds: number;
  readonly phase: string;
  readonly actions: readonly ScenarioAction[];
}

/** A sequence of faults, as data. */
export interface Scenario {
  readonly name: string;
  readonly description: string;
  readonly endsAtSeconds: number;
  readonly steps: readonly ScenarioStep[];
}

export interface ScenarioStatus {
  readonly name: string;
  readonly state: 'running' | 'finished' | 'failed';
  readonly speed: number;
  /** Seconds of the story, not of the clock. */
  readonly elapsedSeconds: number;
  readonly endsAtSeconds: number;
  readonly phase: string;
  readonly error?: string;
}

/** Plays one scenario at a time against the registry. */
export class ScenarioRunner {
  readonly #faults: FaultRegistry;
  readonly #log: (message: string) => void;
  #current: Playback | undefined;

  constructor(faults: FaultRegistry, log: (message: string) => void) {
    this.#faults = faults;
    this.#log = log;
  }

  get status(): ScenarioStatus | undefined {
    return this.#current?.status;
  }

  async start(scenario: Scenario, speed: number): Promise<ScenarioStatus> {
    await this.stop();
    this.#current = new Playback(scenario, speed, this.#faults, this.#log);
    return this.#current.status;
  }

  /** Ends the scenario and undoes its faults. */
  async stop(): Promise<void> {
    const current = this.#current;
    this.#current = undefined;
    await current?.stop();
  }
}

class Playback {
  readonly #scenario: Scenario;
  readonly #speed: number;
  readonly #faults: FaultRegistry;
  readonly #log: (message: string) => void;
  readonly #startedAt = performance.now();
  #timer: NodeJS.Timeout | undefined;
  #phase = 'starting';
  #state: ScenarioStatus['state'] = 'running';
  #error: string | undefined;
  #step: Promise<void> = Promise.resolve();

  constructor(scenario: Scenario, speed: number, faults: FaultRegistry, log: (message: string) => void) {
    this.#scenario = scenario;
    this.#speed = speed;
    this.#faults = faults;
    this.#log = log;
    this.#schedule(0);
  }

  get status(): ScenarioStatus {
    const { name, endsAtSeconds } = this.#scenario;
    const elapsed = ((performance.now() - this.#startedAt) / 1_000) * this.#speed;
    return {
      name,
      state: this.#state,
      speed: this.#speed,
      elapsedSeconds: Math.round(Math.min(elapsed, endsAtSeconds)),
      endsAtSeconds,
      phase: this.#phase,
      ...(this.#error === undefined ? {} : { error: this.#error }),
    };
  }

  async stop(): Promise<void> {
    clearTimeout(this.#timer);
    this.#state = 'finished';
    await this.#step;
    await this.#clearOwn();
  }

  #schedule(index: number): void {
    const step = this.#scenario.steps[index];
    const atSeconds = step?.atSeconds ?? this.#scenario.endsAtSeconds;
    const dueMs = (atSeconds / this.#speed) * 1_000 - (performance.now() - this.#startedAt);
    this.#timer = setTimeout(
      () => {
        this.#step = this.#play(step, index).catch((error: unknown) => {
          this.#state = 'failed';
          this.#error = error instanceof Error ? error.message : String(error);
        });
      },
      Math.max(0, dueMs),
    );
    this.#timer.unref();
  }

  async #play(step: ScenarioStep | undefined, index: number): Promise<void> {
    if (!step) {
      await this.#clearOwn();
      this.#phase = 'over';
      this.#state = 'finished';
      return;
    }
    this.#phase = step.phase;
    this.#log(`${this.#scenario.name}: ${step.phase}`);
    for (const action of step.actions) {
      await this.#act(action);
    }
    if (this.#state === 'running') {
      this.#schedule(index + 1);
    }
  }

  async #act(action: ScenarioAction): Promise<void> {
    if ('clear' in action) {
      await this.#faults.clear([action.clear]);
      return;
    }
    try {
      await this.#faults.set(action.set);
    } catch (error) {
      if (!(error instanceof InvalidFault) || action.ifPossible !== true) throw error;
      this.#log(`${this.#scenario.name}: ${action.set.id} is left out: ${error.message}`);
    }
  }

  async #clearOwn(): Promise<void> {
    const own = this.#scenario.steps.flatMap((step) => step.actions.flatMap((a) => ('set' in a ? a.set.id : [])));
    await this.#faults.clear(own);
  }
}
