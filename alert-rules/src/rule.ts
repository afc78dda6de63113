import type { Recorded } from '../../pack/metrics/index.js';

/** Only fields that Prometheus 2.42 and vmalert both know: either refuses a whole file for one unknown field. */
export interface RecordingRule {
  readonly record: Recorded;
  readonly expr: string;
}

export interface AlertRule {
  readonly alert: string;
  readonly expr: string;
  readonly forSeconds?: number;
  readonly labels: Readonly<Record<string, string>>;
  readonly annotations: Readonly<Record<string, string>>;
}

export interface RuleGroup {
  readonly name: string;
  readonly intervalSeconds: number;
  readonly rules: readonly (RecordingRule | AlertRule)[];
}

/** One file of rules; `path` is relative to the output directory. */
export interface RuleFile {
  readonly path: string;
  readonly about: string;
  readonly groups: readonly RuleGroup[];
}

export function isAlert(rule: RecordingRule | AlertRule): rule is AlertRule {
  return 'alert' in rule;
}

export function alertsOf(files: readonly RuleFile[]): readonly AlertRule[] {
  return files.flatMap((file) => file.groups.flatMap((group) => group.rules.filter(isAlert)));
}
