import { counter, gauge } from './declare.js';

/** Series of Prometheus and of Node.js that rules and dashboards read; we neither create nor rename them. */
export const foreignSeries = {
  up: gauge('up', 'boolean', ['job', 'instance'], 'Whether the last scrape of the target succeeded.'),
  alerts: gauge('ALERTS', 'info', ['alertname', 'alertstate'], 'Pending and firing alerts; the value is always 1.'),
  cpu: counter('process_cpu_seconds_total', 'seconds', [], 'Processor time used by the process.'),
  memory: gauge('process_resident_memory_bytes', 'bytes', [], 'Memory that the process holds.'),
  eventLoopLag: gauge(
    'nodejs_eventloop_lag_p99_seconds',
    'seconds',
    [],
    'How late the event loop is, 99th percentile.',
  ),
} as const;
