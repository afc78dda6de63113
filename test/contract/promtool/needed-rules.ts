import { parsePromql } from '../promql.js';

/** A rule as a rule file has it; exactly one of `alert` and `record` is there. */
export interface YamlRule {
  readonly alert?: string;
  readonly record?: string;
  readonly expr: string;
}

export interface YamlGroup {
  readonly name: string;
  readonly rules: readonly YamlRule[];
}

/** A scenario as a test file of promtool has it. */
export interface YamlScenario {
  readonly name: string;
  readonly promql_expr_test?: readonly { readonly expr: string }[];
  readonly alert_rule_test?: readonly { readonly alertname: string }[];
}

/**
 * The rules that a scenario asks about, and those whose recordings they read, in their groups and their order.
 *
 * promtool evaluates every rule of a file at every step, and a scenario asks about one alert of dozens: to leave out what
 * cannot change its answer takes most of the time away.
 */
export function neededGroups(scenario: YamlScenario, groups: readonly YamlGroup[]): readonly YamlGroup[] {
  const rules = groups.flatMap((group) => group.rules);
  const needed = new Set<YamlRule>();
  const asked = [
    ...(scenario.promql_expr_test ?? []).map(({ expr }) => expr),
    ...(scenario.alert_rule_test ?? []).map(({ alertname }) => alertQuery(alertname)),
  ];
  while (asked.length > 0) {
    const expr = asked.pop() ?? '';
    for (const name of namedAlerts(expr)) {
      // Nothing fires under a name that no rule has, and a scenario that expects nothing would pass.
      if (!rules.some(({ alert }) => alert === name)) throw new Error(`${scenario.name}: no rule is named ${name}`);
    }
    for (const rule of rules) {
      if (needed.has(rule) || !reads(expr, rule)) continue;
      needed.add(rule);
      asked.push(rule.expr);
    }
  }
  return groups
    .map((group) => ({ ...group, rules: group.rules.filter((rule) => needed.has(rule)) }))
    .filter((group) => group.rules.length > 0);
}

function alertQuery(name: string): string {
  return `ALERTS{alertname="${name}"}`;
}

/** Reading `ALERTS` without a name would read them all. */
function reads(expr: string, rule: YamlRule): boolean {
  if (rule.record !== undefined) return parsePromql(expr).metrics.includes(rule.record);
  const names = namedAlerts(expr);
  return names.some((name) => name === rule.alert) || (names.length === 0 && expr.includes('ALERTS'));
}

function namedAlerts(expr: string): readonly string[] {
  return [...expr.matchAll(/alertname="([^"]+)"/g)].flatMap(([, name]) => name ?? []);
}
