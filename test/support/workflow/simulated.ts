import { performance } from 'node:perf_hooks';
import { afterEach, beforeEach, vi } from 'vitest';
import { MetricStore, renderFamilies } from '../../../exporters/runtime/metrics/index.js';
import { WorkflowMetrics } from '../../../exporters/workflow/metrics.js';
import type { Job } from '../../../exporters/workflow/plan.js';
import { uncertainReasons } from '../../../pack/portal/outcomes.js';
import { dropReasons } from '../../../pack/workflow/metrics.js';
import { TestEngine } from './engine.js';

const EPOCH = 1_700_000_000_000;

/** How much further the clock is than the timers: this thread was held up. */
export const heldUp = { ms: 0 };

/** Timers and the clock go as {@link Measured.passTo} says, for every test of a file. What goes over sockets is real. */
export function simulateTime(): void {
  beforeEach(() => {
    heldUp.ms = 0;
    vi.useFakeTimers({ now: EPOCH, toFake: ['setTimeout', 'clearTimeout', 'setInterval', 'clearInterval', 'Date'] });
    vi.spyOn(performance, 'now').mockImplementation(() => Number(vi.getMockedSystemTime()) - EPOCH + heldUp.ms);
  });
  afterEach(() => {
    vi.useRealTimers();
    vi.restoreAllMocks();
  });
}

/** A look-up of a name happens in another thread, and so takes as long as the machine likes. */
export const numeric = (url: string) => url.replace('localhost', '127.0.0.1');

export interface Counts {
  readonly met: number;
  readonly missed: number;
  /** Of the missed ones, those at which nothing was sent. */
  readonly unanswered: number;
  readonly tainted: number;
  readonly uncertain: Readonly<Record<string, number>>;
  readonly dropped: Readonly<Record<string, number>>;
}

/** An engine whose reports become a page, as in the exporter. */
export class Measured {
  readonly test: TestEngine;
  readonly #metrics = new WorkflowMetrics(new MetricStore());

  constructor(jobs: readonly Job[]) {
    this.#metrics.configure(jobs);
    this.test = new TestEngine(jobs);
  }

  get engine() {
    return this.test.engine;
  }

  /** Open requests at the portal, as the page says. */
  get open(): number {
    return this.engine.state().portals[0]?.open ?? Number.NaN;
  }

  /** Lets simulated time pass. What goes over sockets gets the turns of the loop that it needs. */
  async passTo(ms: number): Promise<void> {
    while (performance.now() < ms) {
      await this.settle();
      const isBusy = this.engine.state().portals.some(({ running }) => running > 0);
      vi.advanceTimersByTime(Math.min(isBusy ? 10 : 250, ms - performance.now()));
    }
    await this.settle();
  }

  async pass(ms: number): Promise<void> {
    await this.passTo(performance.now() + ms);
  }

  async settle(): Promise<void> {
    for (let turn = 0; turn < 12; turn += 1) await new Promise((resolve) => setImmediate(resolve));
  }

  /** What the page says of a workflow. */
  counts(workflow = 'client-list'): Counts {
    for (const report of this.test.reports.splice(0)) {
      if (report.type === 'run') this.#metrics.record(report.result);
      else if (report.type === 'dropped') this.#metrics.recordDrop(report);
    }
    const page = renderFamilies(this.#metrics.families(), 'text');
    const value = (name: string, labels = '') => {
      const series = `${name}{portal="kingston",workflow="${workflow}"${labels}} `;
      const line = page.split('\n').find((one) => one.startsWith(series));
      return line === undefined ? Number.NaN : Number(line.slice(series.length));
    };
    const by = (name: string, reasons: readonly string[]) =>
      Object.fromEntries(reasons.map((reason) => [reason, value(name, `,reason="${reason}"`)]));
    return {
      met: value('workflow_sla_runs_total', ',sla="met"'),
      missed: value('workflow_sla_runs_total', ',sla="missed"'),
      unanswered: value('workflow_turns_unanswered_total'),
      tainted: value('workflow_runs_tainted_total'),
      uncertain: by('workflow_runs_uncertain_total', uncertainReasons),
      dropped: by('workflow_runs_dropped_total', dropReasons),
    };
  }
}

/** Every turn of a schedule, whatever became of it. */
export function turnsIn({ met, missed, uncertain, dropped }: Counts): number {
  return [met, missed, ...Object.values(uncertain), ...Object.values(dropped)].reduce((sum, count) => sum + count, 0);
}

export function droppedIn({ dropped }: Counts): number {
  return Object.values(dropped).reduce((sum, count) => sum + count, 0);
}
