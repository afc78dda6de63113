import type { Router } from 'express';
import type { Pack } from '../../pack/index.js';
import type { Collector } from './collector.js';
import type { LandingSection } from './landing/section.js';
import type { Logger, Redactor } from './log.js';
import type { MetricStore } from './metrics/store.js';
import type { Shard } from './shard.js';
import type { StateKeeper } from './state/index.js';

/**
 * What an exporter is to the runtime. Called in this order: `configure`, `mount`, `start`, then `configure` again at
 * each reload, and `stop` once.
 */
export interface Exporter {
  readonly name: string;
  /** What it watches, in words, for the summary of the landing page. Default: the name. */
  readonly domain?: string;
  /** Asked at each scrape. What lies in the store is on the page without a collector. */
  readonly collectors: readonly Collector[];
  /**
   * Takes up a configuration, the first one or a changed one. Rejecting means the old one stays in force: the
   * runtime then calls it again with the old one for those exporters that had already taken the new one.
   */
  configure(pack: Pack): Promise<void>;
  /** Starts schedules. Resolves when they run, not when they have results. */
  start(context: StartContext): Promise<void>;
  /** `/-/ready` answers 503 with this reason until every exporter is ready. */
  ready(): Readiness;
  /** Why it can never measure again before this process is restarted; `/-/healthy` then answers 503. */
  broken?(): string | undefined;
  /** Routes of its own, such as `/probe`. They lie behind the same authentication as everything else. */
  mount?(router: Router): void;
  sections?(): readonly LandingSection[];
  /** Ends what `start` began. Resolves when nothing is running any more. */
  stop(): Promise<void>;
}

export interface StartContext {
  /** Aborts when the process is to end; comes before `stop`. */
  readonly signal: AbortSignal;
}

export interface Readiness {
  readonly ready: boolean;
  readonly reason?: string;
}

export interface ExporterDeps {
  readonly log: Logger;
  /** Tell it every secret that you reveal. */
  readonly redactor: Redactor;
  /** This exporter's own; everything in it is on `/metrics`. */
  readonly store: MetricStore;
  /** Which names this process measures. */
  readonly shard: Shard;
  /** Where to keep what must be known after a restart. */
  readonly state: StateKeeper;
}

export type ExporterFactory = (deps: ExporterDeps) => Exporter;
