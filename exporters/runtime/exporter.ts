import type { Router } from 'express';
import type { Pack } from '../../pack/index.js';
import type { Collector } from './collector.js';
import type { LandingSection } from './landing/section.js';
import type { Logger, Redactor } from './log.js';
import type { MetricStore } from './metrics/store.js';
import type { Shard } from './shard.js';
import type { StateKeeper } from './state/index.js';

/**
 * The interface between an exporter and the runtime. Called in this order: `configure`, `mount`, `start`, then
 * `configure` again at each reload, and `stop` once.
 */
export interface Exporter {
  readonly name: string;
  /** What it measures, as a title for the summary of the landing page. Default: the name. */
  readonly domain?: string;
  /** Called at each scrape. Metrics in the store are on the page without a collector. */
  readonly collectors: readonly Collector[];
  /**
   * Applies a configuration, the first or a changed one. If one exporter rejects, the old configuration stays in use: the
   * runtime calls this again with the old one for the exporters that had already applied the new one.
   */
  configure(pack: Pack): Promise<void>;
  /** Starts schedules. Resolves when they run, not when there are results. */
  start(context: StartContext): Promise<void>;
  /** `/-/ready` answers 503 with this reason until every exporter is ready. */
  ready(): Readiness;
  /** Why it cannot measure again until this process is restarted; `/-/healthy` then answers 503. */
  broken?(): string | undefined;
  /** Its own routes, such as `/probe`. They have the same authentication as all other routes. */
  mount?(router: Router): void;
  sections?(): readonly LandingSection[];
  /** Stops what `start` started. Resolves when nothing runs any more. */
  stop(): Promise<void>;
}

export interface StartContext {
  /** Aborts when the process shuts down; happens before `stop`. */
  readonly signal: AbortSignal;
}

export interface Readiness {
  readonly ready: boolean;
  readonly reason?: string;
}

export interface ExporterDeps {
  readonly log: Logger;
  /** Every revealed secret must be added to it. */
  readonly redactor: Redactor;
  /** The metrics of this exporter; all are on `/metrics`. */
  readonly store: MetricStore;
  /** Which names this process measures. */
  readonly shard: Shard;
  /** Where to store state that must survive a restart. */
  readonly state: StateKeeper;
}

export type ExporterFactory = (deps: ExporterDeps) => Exporter;
