import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { BroadcastChannel } from 'node:worker_threads';
import { onTestFinished } from 'vitest';
import { wireEncryption } from '../../../exporters/encryption/index.js';
import { boundsFor, ProviderMetrics } from '../../../exporters/encryption/metrics.js';
import type { ProbeJob } from '../../../exporters/encryption/probe/plan.js';
import type { RoundResult } from '../../../exporters/encryption/probe/protocol.js';
import { isNoData } from '../../../exporters/runtime/collector.js';
import { createLogger, Redactor } from '../../../exporters/runtime/log.js';
import type { Family } from '../../../exporters/runtime/metrics/family.js';
import { MetricStore } from '../../../exporters/runtime/metrics/index.js';
import { type Shard, wholeShard } from '../../../exporters/runtime/shard.js';
import type { FieldEncryption } from '../../../pack/encryption/model.js';
import { loadPack, type Pack, type Portal } from '../../../pack/index.js';
import { ownState } from '../state.js';

const worker = new URL('../../../dist/exporters/encryption/worker.js', import.meta.url);

interface ExporterOptions {
  readonly silenceMs?: number;
  readonly sabotage?: boolean;
  readonly shard?: Shard;
  readonly store?: MetricStore;
}

/** The whole exporter with its threads, compiled; ended with the test. */
export function exporterOf(options: ExporterOptions = {}) {
  if (!existsSync(fileURLToPath(worker))) throw new Error('dist/ is missing: run npm run build first');
  const logs: string[] = [];
  const redactor = new Redactor();
  const log = createLogger({ level: 'debug', format: 'logfmt', redactor, write: (line) => logs.push(line) });
  const url = options.sabotage === true ? new URL('./saboteur.mjs', import.meta.url) : worker;
  const exporter = wireEncryption(
    { log, redactor, shard: options.shard ?? wholeShard, store: options.store ?? new MetricStore(), state: ownState() },
    { url, ...(options.silenceMs === undefined ? {} : { silenceMs: options.silenceMs }) },
  );
  onTestFinished(() => exporter.stop());

  const collect = async (name: string): Promise<readonly Family[]> => {
    const collector = exporter.collectors.find((one) => one.name === name);
    if (collector === undefined) throw new Error(`no collector ${name}`);
    const context = { signal: new AbortController().signal, now: new Date(), log };
    const collected = await collector.collect(context);
    return isNoData(collected) ? [] : collected;
  };
  return {
    exporter,
    logs,
    collect,
    configure: (encryption: readonly FieldEncryption[], portals: readonly Portal[]) =>
      exporter.configure(packOf(encryption, portals)),
    start: () => exporter.start({ signal: new AbortController().signal }),
    series: async () => seriesOf(await collect('encryption-probe')),
    /** Why the collector that says whether all threads live fails. */
    problem: async () => {
      try {
        await collect('encryption-probe-alive');
        return undefined;
      } catch (error) {
        return error instanceof Error ? error.message : String(error);
      }
    },
  };
}

/** Resolves when the thread of this provider has begun to do it. */
export async function sabotage(provider: string, act: 'exit' | 'throw' | 'block'): Promise<void> {
  const channel = new BroadcastChannel('encryption-saboteur');
  await new Promise<void>((resolve) => {
    channel.onmessage = () => resolve();
    channel.postMessage({ provider, act });
  });
  channel.close();
}

/** What the page would say after these rounds. */
export function metricsOf(job: ProbeJob, ...rounds: readonly RoundResult[]): ReadonlyMap<string, number> {
  const metrics = new ProviderMetrics(job, boundsFor([job]), new MetricStore());
  for (const round of rounds) metrics.record(round);
  return seriesOf(metrics.families());
}

/** By name and labels; of a histogram the number of observations, as `<name>_count`. */
export function seriesOf(families: readonly Family[]): ReadonlyMap<string, number> {
  return new Map(
    families.flatMap(({ decl, samples }) =>
      samples.map((sample) =>
        'value' in sample
          ? ([`${decl.name}{${sample.labels}}`, sample.value] as const)
          : ([`${decl.name}_count{${sample.labels}}`, sample.counts.reduce((sum, one) => sum + one, 0)] as const),
      ),
    ),
  );
}

/** The sum of the series of this name that have all of these labels; undefined when there is none. */
export function total(
  series: ReadonlyMap<string, number>,
  name: string,
  labels: Readonly<Record<string, string>> = {},
): number | undefined {
  const wanted = Object.entries(labels).map(([key, value]) => `${key}="${value}"`);
  const found = [...series].filter(([key]) => key.startsWith(`${name}{`) && wanted.every((one) => key.includes(one)));
  return found.length === 0 ? undefined : found.reduce((sum, [, value]) => sum + value, 0);
}

/** The description that the pack ships, with this in place of its own. */
function packOf(encryption: readonly FieldEncryption[], portals: readonly Portal[]): Pack {
  const objective = { name: 'responsive', title: 'Responsive', targetRatio: 0.99, periodDays: 30 };
  return { ...loadPack([], { requireSecrets: false }), encryption, portals, objectives: [objective] };
}
