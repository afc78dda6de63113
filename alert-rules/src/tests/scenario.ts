/** What `promtool test rules` reads, as far as it is used here, and a shorter way to say it. */
type Labels = Readonly<Record<string, string>>;

export interface InputSeries {
  readonly series: string;
  readonly values: string;
}

export interface ExpectedQuery {
  readonly expr: string;
  readonly minute: number;
  /** None: the query must return nothing. */
  readonly samples: readonly { readonly labels: string; readonly value: number }[];
}

/** An alert that must be sent, word for word as its rule says it. */
export interface SentAlert {
  readonly alert: string;
  readonly minute: number;
  /** Labels that the expression brings, beside those of the rule. */
  readonly joined: Labels;
  /** The alert's value as its template prints it, such as `21.6%`. */
  readonly value: string;
  /** Labels of the rule that tell one of several of this name. */
  readonly rule: Labels;
}

export interface AlertScenario {
  readonly name: string;
  readonly series: readonly InputSeries[];
  readonly queries: readonly ExpectedQuery[];
  readonly sent?: readonly SentAlert[];
}

export interface TestFile {
  readonly path: string;
  readonly about: string;
  /** Minutes between evaluations; promtool knows no interval by group. Half a minute shows what is between two minutes. */
  readonly evaluateEvery: number;
  /** Rule files that it is about, by name. */
  readonly rules: readonly string[];
  readonly scenarios: readonly AlertScenario[];
}

export function sent(alert: string, minute: number, joined: Labels, value = '', rule: Labels = {}): SentAlert {
  return { alert, minute, joined, value, rule };
}

export function fires(alert: string, minute: number, labels: Labels = {}): ExpectedQuery {
  return { expr: firing(alert, labels), minute, samples: [{ labels: '{}', value: 1 }] };
}

export function isQuiet(alert: string, minute: number, labels: Labels = {}): ExpectedQuery {
  return { expr: firing(alert, labels), minute, samples: [] };
}

/** The expression must be true of exactly one series. */
export function holds(expr: string, minute: number): ExpectedQuery {
  return { expr: `count(${expr})`, minute, samples: [{ labels: '{}', value: 1 }] };
}

export function isEmpty(expr: string, minute: number): ExpectedQuery {
  return { expr, minute, samples: [] };
}

function firing(alert: string, labels: Labels): string {
  const matchers = Object.entries({ alertname: alert, alertstate: 'firing', ...labels });
  return `count(ALERTS{${matchers.map(([key, value]) => `${key}="${value}"`).join(', ')}})`;
}
