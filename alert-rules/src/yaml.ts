import { Document, isMap, isScalar, isSeq, Scalar, visit } from 'yaml';
import { windowOf } from '../../pack/metrics/index.js';
import { type AlertRule, isAlert, type RecordingRule, type RuleFile } from './rule.js';

/** The first line of every generated file; a contract test looks for it. */
export const generatedLine = 'Generated, do not edit: made by `kop build` from pack.yaml.';

/** Long strings stay on one line and multi-line expressions become blocks, so that a diff shows one change as one. */
export function yamlText(value: unknown, comment: readonly string[] = []): string {
  const doc = new Document(value, { aliasDuplicateObjects: false });
  visit(doc, {
    Scalar(_key, node) {
      if (typeof node.value === 'string' && node.value.includes('\n')) node.type = Scalar.BLOCK_LITERAL;
    },
    Pair(_key, { key, value: list }) {
      // Rules and tests are long; a blank line before each lets the eye find the next.
      if (!isScalar(key) || !(key.value === 'rules' || key.value === 'tests') || !isSeq(list)) return;
      for (const item of list.items.slice(1)) if (isMap(item)) item.spaceBefore = true;
    },
  });
  const head = [generatedLine, ...comment].map((line) => (line === '' ? '#' : `# ${line}`)).join('\n');
  return `${head}\n\n${doc.toString({ lineWidth: 0, flowCollectionPadding: false })}`;
}

export function ruleFileText(file: RuleFile): string {
  const groups = file.groups.map((group) => ({
    name: group.name,
    interval: windowOf(group.intervalSeconds),
    rules: group.rules.map((rule) => (isAlert(rule) ? alertYaml(rule) : recordingYaml(rule))),
  }));
  return yamlText({ groups }, [file.about]);
}

function recordingYaml(rule: RecordingRule) {
  return { record: rule.record.name, expr: rule.expr };
}

function alertYaml(rule: AlertRule) {
  return {
    alert: rule.alert,
    expr: rule.expr,
    ...(rule.forSeconds === undefined ? {} : { for: windowOf(rule.forSeconds) }),
    labels: rule.labels,
    annotations: rule.annotations,
  };
}
