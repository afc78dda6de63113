import type { Router } from 'express';
import type { Pack } from '../../pack/index.js';
import type { Collector } from './collector.js';
import type { Exporter, ExporterDeps, ExporterFactory, Readiness, StartContext } from './exporter.js';
import type { LandingExporter } from './landing/page.js';
import type { LandingSection } from './landing/section.js';
import { describeError, type Logger } from './log.js';
import type { Family } from './metrics/family.js';
import { MetricStore } from './metrics/store.js';

export interface NamedFactory {
  readonly name: string;
  readonly create: ExporterFactory;
}

interface Hosted {
  readonly exporter: Exporter;
  readonly store: MetricStore;
  readonly log: Logger;
  readonly state: HostedExporterState;
}

/** What the runtime itself knows about an exporter. */
export interface HostedExporterState {
  readonly name: string;
  /** How many times a metric was full. */
  readonly overflows: number;
}

/** All exporters of a process. A fault of one does not affect the others. */
export class ExportersHost {
  readonly #hosted: readonly Hosted[];
  readonly #controller = new AbortController();

  constructor(factories: readonly NamedFactory[], deps: Omit<ExporterDeps, 'store'>) {
    this.#hosted = factories.map(({ name, create }) => {
      const log = deps.log.child({ exporter: name });
      const state = { name, overflows: 0 };
      const store = new MetricStore({
        onOverflow: (metric, limit) => {
          state.overflows += 1;
          log.error('metric is full; further series are left out', { metric, limit });
        },
      });
      return { exporter: create({ ...deps, log, store }), store, log, state };
    });
  }

  get names(): readonly string[] {
    return this.#hosted.map(({ exporter }) => exporter.name);
  }

  states(): readonly HostedExporterState[] {
    return this.#hosted.map(({ state }) => state);
  }

  get collectors(): readonly Collector[] {
    return this.#hosted.flatMap(({ exporter }) => exporter.collectors);
  }

  families(): readonly Family[] {
    return this.#hosted.flatMap(({ store }) => store.families());
  }

  /** One per exporter, so that each is notified separately. */
  subscribers(): readonly (readonly [name: string, configure: (pack: Pack) => Promise<void>])[] {
    return this.#hosted.map(({ exporter }) => [exporter.name, (pack: Pack) => exporter.configure(pack)]);
  }

  async configure(pack: Pack): Promise<void> {
    for (const { exporter } of this.#hosted) await exporter.configure(pack);
  }

  mount(router: Router): void {
    for (const { exporter } of this.#hosted) exporter.mount?.(router);
  }

  async start(): Promise<void> {
    const context: StartContext = { signal: this.#controller.signal };
    await Promise.all(this.#hosted.map(({ exporter }) => exporter.start(context)));
  }

  /** Stops all, even if one fails. */
  async stop(): Promise<void> {
    this.#controller.abort(new Error('the process is to end'));
    await Promise.all(
      this.#hosted.map(async ({ exporter, log }) => {
        try {
          await exporter.stop();
        } catch (error) {
          log.error('stopping failed', { error });
        }
      }),
    );
  }

  readiness(): readonly { readonly name: string; readonly readiness: Readiness }[] {
    return this.#hosted.map(({ exporter }) => ({ name: exporter.name, readiness: readinessOf(exporter) }));
  }

  /** Problems that only a restart of the process can solve. */
  broken(): readonly string[] {
    return this.#hosted.flatMap(({ exporter }) => {
      const why = exporter.broken?.();
      return why === undefined ? [] : [`${exporter.name}: ${why}`];
    });
  }

  /** For the landing page. */
  shown(): readonly LandingExporter[] {
    return this.#hosted.map(({ exporter }) => ({
      name: exporter.name,
      domain: exporter.domain ?? exporter.name,
      readiness: readinessOf(exporter),
      sections: sectionsOf(exporter),
    }));
  }
}

function sectionsOf(exporter: Exporter): readonly LandingSection[] {
  try {
    return exporter.sections?.() ?? [];
  } catch (error) {
    const why = `this part cannot be shown: ${describeError(error)}`;
    return [
      {
        title: exporter.name,
        intro: why,
        evidence: { fineMeans: 'can be shown', findings: [{ what: 'all of it', state: 'unknown', why }] },
      },
    ];
  }
}

function readinessOf(exporter: Exporter): Readiness {
  try {
    return exporter.ready();
  } catch (error) {
    return { ready: false, reason: describeError(error) };
  }
}
