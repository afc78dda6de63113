/** An alert as a receiver gets it, rendered as Prometheus would. */
import type { AlertRule } from '../rule.js';
import type { SentAlert } from './scenario.js';

type Labels = Readonly<Record<string, string>>;

export interface RenderedAlert {
  readonly labels: Labels;
  readonly annotations: Labels;
}

export function renderedAlert({ alert, joined, value, rule }: SentAlert, alerts: readonly AlertRule[]): RenderedAlert {
  const found = alerts.find(
    (a) => a.alert === alert && Object.entries(rule).every(([key, wanted]) => a.labels[key] === wanted),
  );
  if (found === undefined) throw new Error(`no alert ${alert} ${JSON.stringify(rule)}`);
  const labels: Labels = { ...joined, ...found.labels };
  const annotations = Object.fromEntries(
    Object.entries(found.annotations).map(([key, template]) => [key, rendered(template, labels, value)]),
  );
  return { labels, annotations };
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
