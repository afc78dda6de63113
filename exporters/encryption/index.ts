import { runtimeMetrics } from '../../pack/metrics/index.js';
import { type Collector, noData } from '../runtime/collector.js';
import type { Exporter, ExporterDeps, ExporterFactory } from '../runtime/exporter.js';
import { ProbeSource, type ThreadOptions } from './probe/index.js';
import { createScanSource } from './scan/index.js';
import type { EncryptionSource } from './source.js';

/** Longest wait for readiness when a key service hangs. */
const FIRST_RESULTS_WITHIN_MS = 30_000;

/** Measures field encryption. Wiring only: the sources measure. */
export const createEncryptionExporter: ExporterFactory = (deps) => wireEncryption(deps, {});

/** @param threadOptions which program the measuring threads run, and when they count as silent: for tests. */
export function wireEncryption(
  deps: Pick<ExporterDeps, 'log' | 'redactor' | 'shard' | 'store' | 'state'>,
  threadOptions: ThreadOptions,
): Exporter {
  const probe = new ProbeSource(
    {
      ...deps,
      restarts: deps.store.counter(runtimeMetrics.threadRestarts),
    },
    threadOptions,
  );
  const sources: readonly EncryptionSource[] = [probe, createScanSource(deps)];
  let isConfigured = false;
  let startedAt = Number.POSITIVE_INFINITY;

  return {
    name: 'encryption',
    domain: 'Field encryption',
    collectors: sources.flatMap(collectorsOf),
    async configure(pack) {
      for (const source of sources) await source.configure(pack.encryption, pack);
      isConfigured = true;
    },
    start() {
      startedAt = performance.now();
      for (const source of sources) source.start();
      return Promise.resolve();
    },
    ready() {
      const problem = sources.flatMap((source) => source.problem ?? []);
      if (problem.length > 0) return { ready: false, reason: problem.join('; ') };
      const waiting = sources.flatMap((source) => source.notReady ?? []);
      const isLate = performance.now() - startedAt > FIRST_RESULTS_WITHIN_MS;
      if (isConfigured && (waiting.length === 0 || isLate)) return { ready: true };
      return { ready: false, reason: waiting.join('; ') || 'not configured yet' };
    },
    broken: () => sources.find(({ broken }) => broken !== undefined)?.broken,
    sections: () => sources.flatMap((source) => source.sections()),
    async stop() {
      await Promise.all(sources.map((source) => source.stop()));
    },
  };
}

/**
 * Two collectors per source: one returns what is current, the other fails when something is not. With only one, a dead
 * thread would also remove the results of the others.
 */
function collectorsOf(source: EncryptionSource): Collector[] {
  return [
    {
      name: `encryption-${source.name}`,
      collect() {
        const families = source.families();
        return families.length === 0 ? noData('nothing of it belongs to this process') : families;
      },
    },
    {
      name: `encryption-${source.name}-alive`,
      collect() {
        if (source.problem !== undefined) throw new Error(source.problem);
        return [];
      },
    },
  ];
}
