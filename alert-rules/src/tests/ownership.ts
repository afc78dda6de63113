import { type AlertScenario, holds, type InputSeries, isEmpty, type TestFile } from './scenario.js';
import { target } from './target.js';

/** What belongs to a team. */
export interface Owned {
  readonly name: string;
  readonly info: string;
  /** What lets the rules fall back on a team that nobody is. */
  readonly without: string;
  readonly identity: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly about: Readonly<Record<string, string>>;
}

/**
 * Whom an alert is for, while what it is about is young or changes hands. Series are half a minute apart, and what is new
 * comes between two minutes, where a subquery does not look.
 *
 * @param domain begins the name of the file.
 */
export function ownershipTests(
  domain: string,
  rules: readonly string[],
  owned: Owned,
  more: readonly AlertScenario[] = [],
): TestFile {
  return {
    path: `alert-rules/tests/${domain}-ownership.test.yaml`,
    about: 'Whom an alert is for, while what it is about is young or changes hands.',
    evaluateEvery: 0.5,
    rules,
    scenarios: [young(owned), changed(owned), ...more],
  };
}

/** Of a metric that Prometheus scrapes. */
export function scrapedSeries(metric: string, labels: Readonly<Record<string, string>>, values: string): InputSeries {
  const all = Object.entries({ ...target, ...labels }).map(([key, value]) => `${key}="${value}"`);
  return { series: `${metric}{${all.join(', ')}}`, values };
}

function young({ name, info, without, identity, labels, about }: Owned): AlertScenario {
  return {
    name: `ownership: a ${name} has its team from its first scrape on`,
    series: [
      scrapedSeries(info, { ...labels, ...about, team: 'security' }, '_ 1x9'),
      scrapedSeries(without, labels, '_ 1x9'),
    ],
    queries: [0.5, 1, 4].flatMap((minute) => [
      holds(`${identity}{team="security"}`, minute),
      isEmpty(`${identity}{team!="security"}`, minute),
    ]),
  };
}

function changed({ name, info, without, identity, labels, about }: Owned): AlertScenario {
  return {
    name: `ownership: a ${name} that changes hands belongs to its new team at once`,
    series: [
      scrapedSeries(info, { ...labels, ...about, team: 'security' }, '1x4 stale'),
      scrapedSeries(info, { ...labels, ...about, team: 'platform' }, '_x5 1x9'),
      scrapedSeries(without, labels, '1x14'),
    ],
    queries: [
      holds(`${identity}{team="security"}`, 2),
      ...[2.5, 3, 6].flatMap((minute) => [
        holds(`${identity}{team="platform"}`, minute),
        isEmpty(`${identity}{team!="platform"}`, minute),
      ]),
    ],
  };
}
