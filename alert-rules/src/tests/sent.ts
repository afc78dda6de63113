import type { Pack } from '../../../pack/index.js';
import { alertsOf } from '../rule.js';
import { ruleFiles } from '../rules.js';
import type { SentAlert } from './scenario.js';

type Labels = Readonly<Record<string, string>>;

/**
 * The alert as a receiver gets it.
 *
 * @param joined labels that the expression brings, beside those of the rule.
 * @param value the alert's value as its template prints it, such as `21.6%`.
 */
export function sent(
  pack: Pack,
  alert: string,
  minute: number,
  joined: Labels,
  value = '',
  rule: Labels = {},
): SentAlert {
  const found = alertsOf(ruleFiles(pack)).find(
    (a) => a.alert === alert && Object.entries(rule).every(([key, wanted]) => a.labels[key] === wanted),
  );
  if (found === undefined) throw new Error(`no alert ${alert} ${JSON.stringify(rule)}`);
  const labels: Labels = { ...joined, ...found.labels };
  const annotations = Object.fromEntries(
    Object.entries(found.annotations).map(([key, template]) => [key, rendered(template, labels, value)]),
  );
  return { alert, minute, labels, annotations };
}

/** The few template forms that our annotations use; promtool then proves that Prometheus prints the same. */
function rendered(template: string, labels: Labels, value: string): string {
  return template
    .replaceAll(
      /\{\{ if eq \$labels\.(\w+) "([^"]*)" \}\}(.*?)\{\{ else \}\}(.*?)\{\{ end \}\}/g,
      (_all, label: string, wanted: string, yes: string, no: string) => (labels[label] === wanted ? yes : no),
    )
    .replaceAll(/\{\{ \$labels\.(\w+) \}\}/g, (_all, label: string) => labels[label] ?? '')
    .replaceAll(/\{\{ \$value \| \w+ \}\}/g, value);
}
