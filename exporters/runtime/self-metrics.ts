import { runtimeMetrics } from '../../pack/metrics/index.js';
import type { Pack } from '../../pack/model.js';
import type { ReloadStatus } from './config-holder.js';
import type { ExporterState } from './exporters-host.js';
import { type Family, family } from './metrics/family.js';

export interface Self {
  readonly exporters: readonly ExporterState[];
  readonly version: string;
  readonly pack: Pack;
  readonly reload: ReloadStatus;
  readonly scrapesRefused: number;
}

/** What a process of exporters says of itself, on every page. */
export function selfFamilies({ exporters, version, pack, reload, scrapesRefused }: Self): readonly Family[] {
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
  ];
}
