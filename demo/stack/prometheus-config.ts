import { stringify } from 'yaml';

export interface PrometheusConfig {
  readonly scrapeSeconds: number;
  readonly evaluationSeconds: number;
  /** `host:port`. */
  readonly exporters: readonly string[];
  readonly alertmanager?: string;
  readonly ruleFiles: readonly string[];
}

/** Only fields that Prometheus 2.42 and 3.x both know. */
export function prometheusConfigText(config: PrometheusConfig): string {
  const { scrapeSeconds, evaluationSeconds, exporters, alertmanager, ruleFiles } = config;
  return stringify({
    global: {
      scrape_interval: `${scrapeSeconds}s`,
      // Longer than the interval is refused.
      scrape_timeout: `${Math.min(10, scrapeSeconds)}s`,
      evaluation_interval: `${evaluationSeconds}s`,
    },
    rule_files: [...ruleFiles],
    scrape_configs: [{ job_name: 'kop', static_configs: [{ targets: [...exporters] }] }],
    ...(alertmanager === undefined
      ? {}
      : { alerting: { alertmanagers: [{ static_configs: [{ targets: [alertmanager] }] }] } }),
  });
}
