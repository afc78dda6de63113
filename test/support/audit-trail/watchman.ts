import { setTimeout as sleep } from 'node:timers/promises';
import { AuditMetrics } from '../../../exporters/audit-trail/metrics.js';
import { type Memory, type MemoryStore, newMemory } from '../../../exporters/audit-trail/observer/memory.js';
import { Observer, type ObserverDeps } from '../../../exporters/audit-trail/observer/observer.js';
import type { ObserverOptions } from '../../../exporters/audit-trail/observer/options.js';
import { Repeating } from '../../../exporters/audit-trail/observer/schedule/repeating.js';
import { silentLogger } from '../../../exporters/runtime/log.js';
import { MetricStore } from '../../../exporters/runtime/metrics/index.js';
import type { AuditTrail } from '../../../pack/audit-trail/model.js';

/** The paces of the tests, where sessions report their counts at once; in earnest these are 15 s, 60 s and 11 s. */
export const testPaces = { quickMs: 400, closeMs: 1000, settleMs: 1200 } as const;

/** Everything that the observer says about a trail and that must stay as it is while nothing is wrong. */
export type Verdict = Readonly<Record<string, number | string>>;

/** These move with the work itself, or with time. */
const moving: ReadonlySet<string> = new Set([
  'info',
  'records_total',
  'write_lag_seconds',
  'replay_progress_ratio',
  'replay_timestamp_seconds',
  'completeness_ratio',
  'retention_oldest_timestamp_seconds',
  'last_check_timestamp_seconds',
  'check_duration_seconds',
  'sweep_period_seconds',
  'exported_records_total',
  'readability_timestamp_seconds',
  'witness_retained_bytes',
]);
/** Of these, only whether they are out of bounds counts. */
export const boundOf = { clock_offset_seconds: 2, watermark_lag_seconds: 4 } as const;
const bounds: Readonly<Record<string, number>> = boundOf;

/** An observer at work, at a quicker pace than in earnest. */
export class Watchman {
  readonly observer: Observer;
  readonly #metrics = new MetricStore();
  readonly #quick: Repeating;
  readonly #close: Repeating;
  /** Every state that each table was in, in the order of first sight. */
  readonly #seen = new Map<string, Set<string>>();
  #memory: Memory;
  /** Quick looks, and whole rounds of close ones, so far. */
  looks = 0;
  rounds = 0;

  constructor(
    trail: AuditTrail,
    options: {
      readonly observer?: Partial<ObserverOptions>;
      readonly declarations?: string;
      readonly memory?: Memory;
      readonly components?: Pick<ObserverDeps, 'seal' | 'witness'>;
    } = {},
  ) {
    this.#memory = options.memory ?? newMemory(trail.name);
    const memory: MemoryStore = {
      load: () => Promise.resolve(structuredClone(this.#memory)),
      save: (next) => {
        this.#memory = next;
        return Promise.resolve();
      },
    };
    this.observer = new Observer(trail, {
      log: silentLogger,
      metrics: new AuditMetrics(this.#metrics).trail(trail),
      memory,
      ...options.components,
      ...(options.declarations === undefined ? {} : { declarations: options.declarations }),
      options: { settleMs: testPaces.settleMs, shapeEveryMs: testPaces.closeMs, ...options.observer },
    });
    this.#quick = new Repeating('quick', testPaces.quickMs, 20_000, async (signal) => {
      const wasSuspect = this.observer.hasSuspicion;
      await this.observer.runFastChecks(signal);
      this.looks += 1;
      this.#note();
      if (!wasSuspect && this.observer.hasSuspicion) this.#close.hasten();
    });
    this.#close = new Repeating('close', testPaces.closeMs, 30_000, async (signal) => {
      await this.observer.runExactChecks(signal);
      this.rounds += 1;
      this.#note();
    });
  }

  start(): void {
    this.#quick.start();
    this.#close.start();
  }

  /** What it would remember after a restart. */
  get memory(): Memory {
    return structuredClone(this.#memory);
  }

  /** By the tables' labels. */
  get states(): Readonly<Record<string, string>> {
    const { tables } = this.observer.state.memory;
    return Object.fromEntries(
      (this.observer.state.seen?.tables ?? []).map(({ label }) => [label, tables[label]?.state?.state ?? 'unknown']),
    );
  }

  get reasons(): Readonly<Record<string, string>> {
    const { tables } = this.observer.state.memory;
    return Object.fromEntries(Object.entries(tables).map(([label, { state }]) => [label, state?.reason ?? '']));
  }

  /** All states of a table since the last call of `forget`. */
  seen(label: string): readonly string[] {
    return [...(this.#seen.get(label) ?? [])];
  }

  forget(): void {
    this.#seen.clear();
    this.#note();
  }

  get isQuiet(): boolean {
    return !this.observer.hasSuspicion;
  }

  /** `family labels…` to value; states and evidence as words. */
  verdict(): Verdict {
    const verdict: Record<string, number | string> = {};
    for (const { decl, samples } of this.#metrics.families()) {
      const name = decl.name.replace('audit_trail_', '');
      if (moving.has(name)) continue;
      for (const sample of samples) {
        if (!('value' in sample)) continue;
        const labels = labelsOf(sample.labels);
        if (name === 'actor_records_total' && labels.kind === 'human') continue;
        // Known only after a rest, which an office at work may not take.
        if (name === 'counter_residual' && labels.invariant === 'records_sequence' && sample.value === 0) continue;
        // Only for a range in which something was changed.
        if (name === 'witness_residual' && sample.value === 0) continue;
        if (name === 'table_state' || name === 'evidence_state') {
          if (sample.value === 1) verdict[`${name} ${labels.table ?? labels.source}`] = labels.state ?? '';
          continue;
        }
        const { portal: _portal, trail: _trail, ...rest } = labels;
        const bound = bounds[name];
        const value = bound === undefined ? sample.value : Math.abs(sample.value) > bound ? 1 : 0;
        verdict[[name, ...Object.values(rest)].join(' ')] = value;
      }
    }
    return verdict;
  }

  /** Records that were read so far. */
  get recordsRead(): number {
    const family = this.#metrics.families().find(({ decl }) => decl.name === 'audit_trail_records_total');
    return (family?.samples ?? []).reduce((sum, sample) => sum + ('value' in sample ? sample.value : 0), 0);
  }

  /** Until it holds. @returns after how many seconds; undefined when it did not come to hold in time. */
  async until(holds: () => boolean, withinMs: number): Promise<number | undefined> {
    const begunAt = performance.now();
    for (;;) {
      if (holds()) return (performance.now() - begunAt) / 1000;
      if (performance.now() - begunAt > withinMs) return undefined;
      await sleep(50);
    }
  }

  get isProven(): boolean {
    const states = Object.values(this.states);
    return states.length > 0 && states.every((state) => state === 'ok') && this.isQuiet;
  }

  /** Everything proven, and looked at once more. */
  async untilProven(withinMs = 90_000): Promise<boolean> {
    const since = this.rounds;
    return (await this.until(() => this.isProven && this.rounds > since + 1, withinMs)) !== undefined;
  }

  async stop(): Promise<void> {
    this.observer.retire();
    await Promise.all([this.#quick.stop(), this.#close.stop()]);
    await this.observer.close();
  }

  #note(): void {
    for (const [label, state] of Object.entries(this.states)) {
      const seen = this.#seen.get(label);
      if (seen === undefined) this.#seen.set(label, new Set([state]));
      else seen.add(state);
    }
  }
}

/** What is not as it was. A series that is gone reads 'gone', and a new one counts from nothing. */
export function difference(before: Verdict, after: Verdict): Verdict {
  const changed: Record<string, number | string> = {};
  for (const key of new Set([...Object.keys(before), ...Object.keys(after)])) {
    const was = before[key];
    const is = after[key];
    if (was === is) continue;
    if (is === undefined) changed[key] = 'gone';
    else if (typeof is === 'string' || typeof was === 'string') changed[key] = is;
    else if (is - (was ?? 0) !== 0) changed[key] = isGauge(key) ? is : is - (was ?? 0);
  }
  return changed;
}

function isGauge(key: string): boolean {
  return !(key.split(' ')[0] ?? '').endsWith('_total');
}

function labelsOf(text: string): Record<string, string> {
  return Object.fromEntries([...text.matchAll(/(\w+)="([^"]*)"/g)].map(([, name = '', value = '']) => [name, value]));
}
