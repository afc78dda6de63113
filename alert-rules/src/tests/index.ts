import type { Pack } from '../../../pack/index.js';
import { ruleDomains } from '../domains.js';
import { type AlertRule, alertsOf, type RuleFile } from '../rule.js';
import { ruleFiles } from '../rules.js';
import { yamlText } from '../yaml.js';
import { exporterTests } from './exporters.js';
import type { AlertScenario, SentAlert, TestFile } from './scenario.js';
import { type RenderedAlert, renderedAlert } from './sent.js';

/** Unit tests for `promtool test rules`, with times that follow the thresholds in the description. */
export function ruleTestFiles(pack: Pack): readonly TestFile[] {
  return [...ruleDomains.flatMap(({ tests }) => tests(pack)), ...exporterTests()];
}

/** Only what a test is about is loaded: promtool evaluates every rule for every minute. */
function ruleFilesOf(files: readonly RuleFile[], { rules }: TestFile): readonly string[] {
  return files
    .map(({ path }) => path.replace('alert-rules/', '../'))
    .filter((path) => rules.some((name) => path.endsWith(`/${name}.yaml`)));
}

export function ruleTestText(pack: Pack, file: TestFile): string {
  const files = ruleFiles(pack);
  const alerts = alertsOf(files);
  return yamlText(
    {
      rule_files: ruleFilesOf(files, file),
      evaluation_interval: minutes(file.evaluateEvery),
      tests: file.scenarios.map((scenario) => scenarioYaml(scenario, file, alerts)),
    },
    [file.about, `Run with: promtool test rules ${file.path}`],
  );
}

/** promtool knows no fractions. */
function minutes(count: number): string {
  return Number.isInteger(count) ? `${count}m` : `${count * 60}s`;
}

function scenarioYaml(scenario: AlertScenario, { evaluateEvery }: TestFile, alerts: readonly AlertRule[]) {
  const { name, series, queries, sent = [] } = scenario;
  return {
    name,
    interval: minutes(Math.min(1, evaluateEvery)),
    input_series: series,
    ...(queries.length === 0
      ? {}
      : {
          promql_expr_test: queries.map(({ expr, minute, samples }) => ({
            expr,
            eval_time: minutes(minute),
            exp_samples: samples,
          })),
        }),
    ...(sent.length === 0 ? {} : { alert_rule_test: sentYaml(sent, alerts) }),
  };
}

/** promtool compares all alerts of one name at one time, so those belong into one expectation. */
function sentYaml(sent: readonly SentAlert[], alerts: readonly AlertRule[]) {
  const grouped = new Map<string, { readonly alert: string; readonly minute: number; rendered: RenderedAlert[] }>();
  for (const one of sent) {
    const { alert, minute } = one;
    const key = `${alert}@${minute}`;
    const group = grouped.get(key) ?? { alert, minute, rendered: [] };
    group.rendered.push(renderedAlert(one, alerts));
    grouped.set(key, group);
  }
  return [...grouped.values()].map(({ alert, minute, rendered }) => ({
    eval_time: `${minute}m`,
    alertname: alert,
    exp_alerts: rendered.map(({ labels, annotations }) => ({ exp_labels: labels, exp_annotations: annotations })),
  }));
}
