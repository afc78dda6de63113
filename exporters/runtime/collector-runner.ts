import { runtimeMetrics } from '../../pack/metrics/index.js';
import { type Collected, type Collector, isNoData } from './collector.js';
import { describeError, type Logger } from './log.js';
import { type Family, family } from './metrics/family.js';

/** The result of a collector in the last scrape, for the landing page. */
export interface CollectorState {
  readonly name: string;
  readonly outcome: 'not asked yet' | 'delivered' | 'no data' | 'failed';
  readonly detail?: string;
  readonly durationMs?: number;
  readonly lastSuccess?: Date;
}

export interface CollectorRunOptions {
  readonly budgetMs: number;
  readonly now: Date;
}

/** Runs all collectors at once; none can fail the page or delay it beyond the deadline. */
export class CollectorRunner {
  readonly #runs: readonly CollectorRun[];

  constructor(collectors: readonly Collector[], log: Logger) {
    const names = collectors.map(({ name }) => name);
    const twice = names.find((name, index) => names.indexOf(name) !== index);
    if (twice !== undefined) throw new TypeError(`two collectors are called ${twice}`);
    this.#runs = collectors.map((collector) => new CollectorRun(collector, log.child({ collector: collector.name })));
  }

  /** What the collectors returned by the deadline, and the series with the result of each. */
  async collect(options: CollectorRunOptions): Promise<readonly Family[]> {
    const results = await Promise.all(this.#runs.map((run) => run.collect(options)));
    const states = results.map(({ state }) => state);
    return [
      family(
        runtimeMetrics.collectorSuccess,
        states.map(({ name, outcome }) => [{ collector: name }, outcome === 'failed' ? 0 : 1]),
      ),
      family(
        runtimeMetrics.collectorDuration,
        states.map(({ name, durationMs = 0 }) => [{ collector: name }, durationMs / 1000]),
      ),
      family(
        runtimeMetrics.collectorLastSuccess,
        states.map(({ name, lastSuccess }) => [{ collector: name }, (lastSuccess?.getTime() ?? 0) / 1000]),
      ),
      ...results.flatMap(({ families }) => families),
    ];
  }

  states(): readonly CollectorState[] {
    return this.#runs.map(({ state }) => state);
  }
}

/** The results of one scrape: another scrape may run at the same time with other results. */
interface RunResult {
  readonly state: CollectorState;
  readonly families: readonly Family[];
}

interface Running {
  readonly startedAt: number;
  /** Aborted at its own deadline. */
  readonly signal: AbortSignal;
  readonly outcome: Promise<Outcome>;
}

interface Outcome {
  readonly collected: Collected;
  readonly durationMs: number;
}

class CollectorRun {
  readonly #collector: Collector;
  readonly #log: Logger;
  #running: Running | undefined;
  #state: CollectorState;

  constructor(collector: Collector, log: Logger) {
    this.#collector = collector;
    this.#log = log;
    this.#state = { name: collector.name, outcome: 'not asked yet' };
  }

  get state(): CollectorState {
    return this.#state;
  }

  async collect({ budgetMs, now }: CollectorRunOptions): Promise<RunResult> {
    const startedAt = performance.now();
    try {
      const { collected, durationMs } = await withDeadline(this.#outcome(budgetMs, now), budgetMs);
      if (isNoData(collected)) {
        return { state: this.#become({ outcome: 'no data', detail: collected.noData, durationMs }), families: [] };
      }
      return { state: this.#become({ outcome: 'delivered', durationMs, lastSuccess: now }), families: collected };
    } catch (error) {
      const detail = describeError(error);
      // A collector that keeps failing for the same reason is logged once; its metric shows it at each scrape.
      const isNews = this.#state.outcome !== 'failed' || this.#state.detail !== detail;
      const state = this.#become({ outcome: 'failed', detail, durationMs: performance.now() - startedAt });
      this.#log[isNews ? 'warn' : 'debug']('collector failed', { error });
      return { state, families: [] };
    }
  }

  /**
   * Two servers that scrape at the same moment share one call. A call beyond its own deadline is not shared, and no second
   * call is started: calls of a hanging collector must not accumulate.
   */
  #outcome(budgetMs: number, now: Date): Promise<Outcome> {
    const at = performance.now();
    if (this.#running !== undefined) {
      const { startedAt, signal, outcome } = this.#running;
      // Uses its timer and not the clock: a timer may fire a fraction of a millisecond early.
      if (!signal.aborted) return outcome;
      const seconds = Math.round((at - startedAt) / 1000);
      return Promise.reject(new Error(`still running since an earlier scrape ${seconds} s ago`));
    }
    const controller = new AbortController();
    const timer = setTimeout(() => controller.abort(deadlineError(budgetMs)), budgetMs);
    const context = { signal: controller.signal, now, log: this.#log };
    const outcome = timed(() => this.#collector.collect(context)).finally(() => {
      clearTimeout(timer);
      this.#running = undefined;
    });
    // Nothing waits for a collector after its deadline; an unhandled rejection would end the process.
    outcome.catch(() => undefined);
    this.#running = { startedAt: at, signal: controller.signal, outcome };
    return outcome;
  }

  #become(next: Omit<CollectorState, 'name'>): CollectorState {
    const { lastSuccess } = this.#state;
    this.#state = { name: this.#collector.name, ...(lastSuccess === undefined ? {} : { lastSuccess }), ...next };
    return this.#state;
  }
}

/** Measures the time at once, so that a fast collector's duration does not include the others. */
async function timed(collect: () => Collected | Promise<Collected>): Promise<Outcome> {
  const startedAt = performance.now();
  const answer = collect();
  const collected = answer instanceof Promise ? await answer : answer;
  return { collected, durationMs: performance.now() - startedAt };
}

function withDeadline<T>(promise: Promise<T>, budgetMs: number): Promise<T> {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => reject(deadlineError(budgetMs)), budgetMs);
    promise.then(resolve, reject).finally(() => clearTimeout(timer));
  });
}

function deadlineError(budgetMs: number): Error {
  return new Error(`no answer by the deadline of ${(budgetMs / 1000).toFixed(1)} s`);
}
