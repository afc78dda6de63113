import { counter, gauge } from './declare.js';

/** What every exporter reports about itself. */
export const runtimeMetrics = {
  buildInfo: gauge(
    'kop_build_info',
    'info',
    ['exporter', 'version'],
    'Version of the exporter; the value is always 1.',
  ),
  configInfo: gauge(
    'kop_config_info',
    'info',
    ['sha256'],
    'Digest of the configuration in use; the value is always 1.',
  ),
  configReloadSuccessful: gauge(
    'kop_config_last_reload_successful',
    'boolean',
    [],
    'Whether the last attempt to load the configuration succeeded.',
  ),
  configReloadSuccess: gauge(
    'kop_config_last_reload_success_timestamp_seconds',
    'timestamp',
    [],
    'When the configuration was last loaded successfully.',
  ),
  collectorSuccess: gauge(
    'kop_collector_success',
    'boolean',
    ['collector'],
    'Whether the collector returned its series for this page.',
  ),
  collectorDuration: gauge(
    'kop_collector_duration_seconds',
    'seconds',
    ['collector'],
    'Time that the collector took for this page.',
  ),
  collectorLastSuccess: gauge(
    'kop_collector_last_success_timestamp_seconds',
    'timestamp',
    ['collector'],
    'When the collector last returned its series.',
  ),
  threadRestarts: counter(
    'kop_measuring_thread_restarts_total',
    'count',
    ['thread'],
    'Restarts of a measuring thread because it died, hung or stopped reporting.',
  ),
  metricOverflows: counter(
    'kop_metric_overflows_total',
    'count',
    ['exporter'],
    'Times that a metric reached its maximum number of series, and further series were left out.',
  ),
  shardCount: gauge(
    'kop_shards',
    'count',
    ['exporter', 'index'],
    'Number of shards into which the names are divided; index is the shard of this process, from 1.',
  ),
  stateWritable: gauge(
    'kop_state_writable',
    'boolean',
    ['exporter'],
    'Whether the exporter can write its state files; only for exporters that have state.',
  ),
  scrapesRefused: counter(
    'kop_scrapes_refused_total',
    'count',
    [],
    'Scrapes, probes and reloads that were answered with 503 because too many of the kind were in progress.',
  ),
  connectionsRefused: counter(
    'kop_connections_refused_total',
    'count',
    ['reason'],
    'Connections to the exporter that were closed: because too many, from one address or in total, had a request in progress, or because one sent a request before it had the answer to the one before (pipelining).',
  ),
  connectionsEvicted: counter(
    'kop_connections_evicted_total',
    'count',
    [],
    'Idle connections to the exporter that were closed to make room for a new one.',
  ),
} as const;
