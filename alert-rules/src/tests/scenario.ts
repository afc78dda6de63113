/** What `promtool test rules` reads, as far as it is used here, and a shorter way to say it. */
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

/** A whole alert as it is sent, for its labels and texts. */
export interface SentAlert {
  readonly alert: string;
  readonly minute: number;
  readonly labels: Readonly<Record<string, string>>;
  readonly annotations: Readonly<Record<string, string>>;
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
  /** Rule files that it is about, by name; those of workflows and exporters unless said. */
  readonly rules?: readonly string[];
  readonly scenarios: readonly AlertScenario[];
}

type Labels = Readonly<Record<string, string>>;

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
