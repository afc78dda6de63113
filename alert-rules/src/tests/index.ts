import type { Pack } from '../../../pack/index.js';
import { ruleFiles } from '../rules.js';
import { yamlText } from '../yaml.js';
import { domainTests } from './domains.js';
import { exporterTests } from './exporters.js';
import type { AlertScenario, SentAlert, TestFile } from './scenario.js';
import { youngTests } from './young.js';

/** Unit tests for `promtool test rules`, with times that follow the thresholds in the description. */
export function ruleTestFiles(pack: Pack): readonly TestFile[] {
  return [...domainTests.flatMap((tests) => tests(pack)), ...exporterTests(pack), ...youngTests()];
}

const usual = ['kop-workflow-sla', 'kop-exporters'];

/** Only what a test is about is loaded: promtool evaluates every rule for every minute. */
function ruleFilesOf(pack: Pack, { rules = usual }: TestFile): readonly string[] {
  return ruleFiles(pack)
    .map(({ path }) => path.replace('alert-rules/', '../'))
    .filter((path) => rules.some((name) => path.endsWith(`/${name}.yaml`)));
}

export function ruleTestText(pack: Pack, file: TestFile): string {
  return yamlText(
    {
      rule_files: ruleFilesOf(pack, file),
      evaluation_interval: minutes(file.evaluateEvery),
      tests: file.scenarios.map((scenario) => scenarioYaml(scenario, file)),
    },
    [file.about, `Run with: promtool test rules ${file.path}`],
  );
}

/** promtool knows no fractions. */
function minutes(count: number): string {
  return Number.isInteger(count) ? `${count}m` : `${count * 60}s`;
}

function scenarioYaml(scenario: AlertScenario, { evaluateEvery }: TestFile) {
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
    ...(sent.length === 0 ? {} : { alert_rule_test: sentYaml(sent) }),
  };
}

/** promtool compares all alerts of one name at one time, so those belong into one expectation. */
function sentYaml(sent: readonly SentAlert[]) {
  const grouped = new Map<string, SentAlert[]>();
  for (const one of sent) {
    const key = `${one.alert}@${one.minute}`;
    grouped.set(key, [...(grouped.get(key) ?? []), one]);
  }
  return [...grouped.values()].map((alerts) => ({
    eval_time: `${alerts[0]?.minute ?? 0}m`,
    alertname: alerts[0]?.alert ?? '',
    exp_alerts: alerts.map(({ labels, annotations }) => ({ exp_labels: labels, exp_annotations: annotations })),
  }));
}
