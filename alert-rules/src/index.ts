import type { Pack } from '../../pack/index.js';
import { type AlertmanagerOptions, alertmanagerText } from './alertmanager.js';
import { ruleDomains } from './domains.js';
import { ruleFiles } from './rules.js';
import { ruleTestFiles, ruleTestText } from './tests/index.js';
import { ruleFileText } from './yaml.js';

export { type AlertmanagerOptions, alertmanagerText, defaultWebhookUrl } from './alertmanager.js';
export { type AlertRule, alertsOf, isAlert, type RecordingRule, type RuleFile, type RuleGroup } from './rule.js';
export { ruleFiles } from './rules.js';
export { burnWindows } from './windows.js';
export { generatedLine, ruleFileText, yamlText } from './yaml.js';

/** A generated file; `path` is relative to the output directory. */
export interface AlertingFile {
  readonly path: string;
  readonly text: string;
  /** Large, and made when it is wanted: neither committed nor shipped. */
  readonly isDerived?: true;
}

/**
 * Everything below `alert-rules/` that people take.
 *
 * @example
 * for (const { path, text } of alertFiles(loadPack())) await writeFile(join(out, path), text);
 */
export function alertFiles(pack: Pack, options?: AlertmanagerOptions): readonly AlertingFile[] {
  return [
    ...ruleFiles(pack).map((file) => ({ path: file.path, text: ruleFileText(file) })),
    { path: 'alert-rules/alertmanager/alertmanager.yaml', text: alertmanagerText(pack, options) },
    ...ruleTestFiles(pack).map((file) => ({
      path: file.path,
      text: ruleTestText(pack, file),
      isDerived: true as const,
    })),
  ];
}

/** Combinations under which an alert could never fire, each as one sentence. Empty when all is well. */
export function infeasible(pack: Pack): readonly string[] {
  return ruleDomains.flatMap((domain) => domain.infeasible?.(pack) ?? []);
}
