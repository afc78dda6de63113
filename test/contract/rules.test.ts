import { existsSync, readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { alertsOf, burnWindows, isAlert, ruleFiles } from '../../alert-rules/src/index.js';
import { ruleTestFiles } from '../../alert-rules/src/tests/index.js';
import { dashboards } from '../../dashboards/src/index.js';
import { loadPack } from '../../pack/index.js';
import { catalogue, metricFamilies } from '../../pack/metric-catalogue.js';
import { parsePromql, promtools, run, runs } from './promql.js';

const pack = loadPack(['pack.yaml'], { requireSecrets: false });
const files = ruleFiles(pack);
const alerts = alertsOf(files);
const alertNames = [...new Set(alerts.map(({ alert }) => alert))];
const known = catalogue(burnWindows(pack).map(({ name }) => name));
const rules = files.flatMap((file) => file.groups.flatMap((group) => group.rules));
const tests = ruleTestFiles(pack);
const dashboardIds = dashboards(pack).map(({ uid }) => uid);

/** Labels that Prometheus adds, or that a rule or a join makes. */
const freeLabels = new Set(['job', 'instance', 'alertname', 'alertstate', 'severity', 'team', 'tier', 'outcome']);

/** Not in every Prometheus from 2.42 on, or under another name, or behind a flag. */
const unportable = ['holt_winters', 'double_exponential_smoothing', 'mad_over_time', 'info', 'sort_by_label', 'limitk'];

const reasonsOf = new Map(
  metricFamilies().flatMap(({ metrics }) =>
    Object.values(metrics).map(({ name, values }) => [name, values?.reason ?? []] as const),
  ),
);

/** Of all reasons that a metric declares, those that an expression leaves to be told apart. */
function selectedReasons(expr: string): readonly string[] {
  return [...expr.matchAll(/(\w+)\{[^}]*\breason(!=|=~|!~)"([^"]*)"/g)].flatMap(([, metric = '', operator, text]) => {
    const pattern = new RegExp(`^(?:${text})$`);
    return (reasonsOf.get(metric) ?? []).filter((reason) => pattern.test(reason) === (operator === '=~'));
  });
}

it('some alerts tell reasons apart', () => {
  const names = alerts.filter(({ expr }) => selectedReasons(expr).length > 0).map(({ alert }) => alert);
  expect(names).toEqual(expect.arrayContaining(['WorkflowExporterFault', 'EncryptionExporterFault']));
});

describe('every rule', () => {
  it.each(rules.map((rule) => [isAlert(rule) ? rule.alert : rule.record.name, rule.expr] as const))(
    '%s names only known series and labels, in portable PromQL',
    (_name, expr) => {
      const query = parsePromql(expr);
      expect(query.hasError).toBe(false);
      expect(query.metrics.filter((metric) => !known.has(metric))).toEqual([]);
      const allowed = new Set(query.metrics.flatMap((metric) => known.get(metric)?.labels ?? []));
      expect(query.labels.filter((label) => !allowed.has(label) && !freeLabels.has(label))).toEqual([]);
      expect(query.functions.filter((name) => unportable.includes(name))).toEqual([]);
    },
  );

  it('records only declared series, and every declared one', () => {
    const recorded = new Set(rules.flatMap((rule) => (isAlert(rule) ? [] : [rule.record.name])));
    const declared = [...known].filter(([, { type }]) => type === 'recorded').map(([name]) => name);
    expect([...recorded].sort()).toEqual(declared.sort());
  });

  it('compares extrapolated counts between whole numbers only', () => {
    for (const { expr } of rules) expect(expr).not.toMatch(/(increase\w*|[)\]])\s*>=\s*\d+(?![\d.])/);
  });
});

describe.each(alerts.map((rule) => [`${rule.alert} ${rule.labels.window ?? rule.labels.priority}`, rule] as const))(
  'alert %s',
  (_name, rule) => {
    it('carries the labels that routes need', () => {
      expect(rule.labels).toMatchObject({
        pack: 'kop',
        severity: expect.stringMatching(/^(critical|warning|info|none)$/),
        priority: expect.stringMatching(/^(critical|high|medium|low|none)$/),
      });
      expect(rule.labels.team !== undefined || /group_left \(team, tier\)|\bteam\b/.test(rule.expr)).toBe(true);
    });

    it('says what is wrong, with links', () => {
      expect(Object.keys(rule.annotations)).toEqual(['summary', 'description', 'runbook_url', 'dashboard_url']);
      expect(rule.annotations.summary).not.toContain('{{');
      expect(rule.annotations.summary).toMatch(/\.$/);
      expect(rule.annotations.runbook_url).toBe(`docs/runbooks/${rule.alert}.md`);
      expect(dashboardIds).toContain(/\/d\/([\w-]+)(?:\?|$)/.exec(rule.annotations.dashboard_url ?? '')?.[1]);
    });

    it('shows its value for humans', () => {
      for (const text of Object.values(rule.annotations)) expect(text).not.toMatch(/\{\{ *\$value *\}\}/);
    });
  },
);

describe.each(alertNames)('%s', (name) => {
  const path = `docs/runbooks/${name}.md`;

  it('has a runbook', () => {
    expect(existsSync(path)).toBe(true);
    const text = readFileSync(path, 'utf8');
    expect(text.split('\n')[0]).toBe(`# ${name}`);
    expect([...text.matchAll(/^## (.*)$/gm)].map(([, heading]) => heading)).toEqual([
      'Meaning',
      'Impact',
      'First look',
      'Causes',
      'Mend',
      'Escalate',
    ]);
    for (const [, target] of text.matchAll(/\]\((\w+\.md)\)/g))
      expect(existsSync(`docs/runbooks/${target}`)).toBe(true);
  });

  it('asks in its runbook only what can be asked', () => {
    const text = readFileSync(path, 'utf8');
    for (const [, expr] of text.matchAll(/promtool query instant \S+ '([^']+)'/g)) {
      const query = parsePromql(expr ?? '');
      expect(query.hasError, expr).toBe(false);
      expect(query.metrics.filter((metric) => !known.has(metric))).toEqual([]);
    }
  });

  it('explains each value that its label `reason` may have, and no other', () => {
    const selected = alerts.filter(({ alert }) => alert === name).flatMap(({ expr }) => selectedReasons(expr));
    if (selected.length === 0) return;
    const [, causes = ''] = /^## Causes\n(.*?)^## /ms.exec(readFileSync(path, 'utf8')) ?? [];
    const explained = [...causes.matchAll(/^(?:- |\| )`([\w-]+)`(?=:| \|)/gm)].map(([, reason]) => reason);
    expect(explained.toSorted()).toEqual([...new Set(selected)].toSorted());
  });

  it('has tests that it fires, and is sent as it should', () => {
    const about = tests
      .flatMap(({ scenarios }) => scenarios)
      .filter(({ queries }) => queries.some(({ expr }) => expr.includes(`alertname="${name}"`)));
    const firing = about.filter(({ queries }) =>
      queries.some(({ expr, samples }) => expr.includes(`alertname="${name}"`) && samples.length === 1),
    );
    expect(firing.length).toBeGreaterThan(0);
    expect(
      tests.some(({ scenarios }) => scenarios.some(({ sent = [] }) => sent.some(({ alert }) => alert === name))),
    ).toBe(true);
  });
});

// The watchdog never stays quiet and never recovers; that is its purpose.
describe.each(alertNames.filter((name) => name !== 'KopWatchdog'))('%s', (name) => {
  it('has tests that it stays quiet and recovers', () => {
    const scenarios = tests.flatMap((file) => file.scenarios);
    expect(scenarios.some((scenario) => scenario.name.startsWith(name) && scenario.name.includes('stays quiet'))).toBe(
      true,
    );
    const recovers = scenarios.find((scenario) => scenario.name.startsWith(name) && scenario.name.includes('recovers'));
    const seen = (recovers?.queries ?? [])
      .filter(({ expr }) => expr.includes(`alertname="${name}"`))
      .toSorted((a, b) => a.minute - b.minute)
      .map(({ samples }) => samples.length);
    expect(seen[0]).toBe(0);
    expect(seen).toContain(1);
    expect(seen.at(-1)).toBe(0);
  });
});

describe('runbooks', () => {
  it('say what the files say', () => {
    const said = files.flatMap((file) => parse(readFileSync(file.path, 'utf8')).groups);
    expect(said).toHaveLength(files.flatMap((file) => file.groups).length);
  });
});

describe.skipIf(promtools.length === 0).each(promtools)('%s', (promtool) => {
  it('accepts the rules', () => {
    const out = run(promtool, ['check', 'rules', ...files.map(({ path }) => path)]);
    expect(out).not.toContain('FAILED');
  });
});

describe.skipIf(!runs('vmalert'))('vmalert', () => {
  it('accepts the rules', () => {
    for (const { path } of files) run('vmalert', ['-dryRun', `-rule=${path}`]);
  });
});
