import type { Pack } from '../../pack/index.js';
import { runtimeMetrics } from '../../pack/metrics/index.js';
import type { ReloadStatus } from './config-holder.js';
import type { HostedExporterState } from './exporters-host.js';
import type { ConnectionLimits } from './http/connection-limits.js';
import { type Family, family } from './metrics/family.js';
import type { Shard } from './shard.js';
import type { KeptState } from './state/index.js';

export interface Self {
  readonly exporters: readonly HostedExporterState[];
  readonly version: string;
  readonly pack: Pack;
  readonly reload: ReloadStatus;
  readonly scrapesRefused: number;
  readonly kept: readonly KeptState[];
  readonly shard: Pick<Shard, 'index' | 'count'>;
  readonly connections: Pick<ConnectionLimits, 'refused' | 'evicted'>;
}

/** What an exporter process reports about itself, on every page. */
export function selfFamilies({
  exporters,
  version,
  pack,
  reload,
  scrapesRefused,
  kept,
  shard,
  connections,
}: Self): readonly Family[] {
  return [
    family(
      runtimeMetrics.buildInfo,
      exporters.map(({ name }) => [{ exporter: name, version }, 1]),
    ),
    family(runtimeMetrics.configInfo, [[{ sha256: pack.source.sha256 }, 1]]),
    family(runtimeMetrics.configReloadSuccessful, [[{}, reload.successful ? 1 : 0]]),
    family(runtimeMetrics.configReloadSuccess, [[{}, reload.lastSuccess.getTime() / 1000]]),
    family(
      runtimeMetrics.metricOverflows,
      exporters.map(({ name, overflows }) => [{ exporter: name }, overflows]),
    ),
    family(runtimeMetrics.scrapesRefused, [[{}, scrapesRefused]]),
    family(
      runtimeMetrics.shardCount,
      exporters.map(({ name }) => [{ exporter: name, index: String(shard.index) }, shard.count]),
    ),
    family(runtimeMetrics.stateWritable, writable(kept)),
    family(
      runtimeMetrics.connectionsRefused,
      Object.entries(connections.refused).map(([reason, count]) => [{ reason }, count]),
    ),
    family(runtimeMetrics.connectionsEvicted, [[{}, connections.evicted]]),
  ];
}

/** An exporter may keep state in several folders; it is not writable if one of them is not. */
function writable(kept: readonly KeptState[]): readonly [{ readonly exporter: string }, number][] {
  const exporters = [...new Set(kept.map(({ exporter }) => exporter))];
  return exporters.map((exporter) => {
    const isKept = kept.every((one) => one.exporter !== exporter || one.problem === undefined);
    return [{ exporter }, isKept ? 1 : 0];
  });
}
