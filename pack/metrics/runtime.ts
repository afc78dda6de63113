import { counter, gauge } from './declare.js';

/** What every exporter says of itself. */
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
    'Digest of the configuration in force; the value is always 1.',
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
    'Whether the collector delivered its series to this page.',
  ),
  collectorDuration: gauge(
    'kop_collector_duration_seconds',
    'seconds',
    ['collector'],
    'Time the collector took for this page.',
  ),
  collectorLastSuccess: gauge(
    'kop_collector_last_success_timestamp_seconds',
    'timestamp',
    ['collector'],
    'When the collector last delivered its series.',
  ),
  threadRestarts: counter(
    'kop_measuring_thread_restarts_total',
    'count',
    ['thread'],
    'Times that a measuring thread had to be started again because it died, hung or fell silent.',
  ),
  metricOverflows: counter(
    'kop_metric_overflows_total',
    'count',
    ['exporter'],
    'Times that a metric reached the most series it may have, and further ones were left out.',
  ),
  shardCount: gauge(
    'kop_shards',
    'count',
    ['exporter', 'index'],
    'Into how many shares the names are divided; index says which of them this process measures, from 1.',
  ),
  stateWritable: gauge(
    'kop_state_writable',
    'boolean',
    ['exporter'],
    'Whether the exporter can keep what it must know after a restart; only of exporters that have something to keep.',
  ),
  scrapesRefused: counter(
    'kop_scrapes_refused_total',
    'count',
    [],
    'Scrapes answered 503 because too many were in progress.',
  ),
  connectionsRefused: counter(
    'kop_connections_refused_total',
    'count',
    ['reason'],
    'Connections to the exporter that were closed at once because too many, of one address or in all, had a request under way.',
  ),
  connectionsEvicted: counter(
    'kop_connections_evicted_total',
    'count',
    [],
    'Idle connections to the exporter that were closed because there were too many and a new one came.',
  ),
} as const;
