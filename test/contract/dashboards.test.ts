/**
 * The checks of Grafana's dashboard-linter that fit dashboards of promises (its job and instance variables do not), and
 * what has broken dashboards of others: literal data sources, panels without ids, an API wrapper around the JSON.
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import { burnWindows } from '../../alert-rules/src/index.js';
import { dashboards } from '../../dashboards/src/index.js';
import { filledIn } from '../../dashboards/src/kit/variables.js';
import { loadPack } from '../../pack/index.js';
import { catalogue } from '../../pack/metric-catalogue.js';
import { parsePromql, promtools, run } from './promql.js';

const pack = loadPack(['pack.yaml'], { requireSecrets: false });
const known = catalogue(burnWindows(pack).map(({ name }) => name));
const paths = dashboards(pack).map(({ uid }) => `dashboards/json/${uid}.json`);

const source = z.object({ type: z.literal('prometheus'), uid: z.literal(filledIn('datasource')) });
const target = z.object({
  refId: z.string().regex(/^[A-Z]$/),
  datasource: source,
  expr: z.string().min(1),
  legendFormat: z.string(),
  instant: z.boolean(),
  range: z.boolean(),
  format: z.enum(['time_series', 'table', 'heatmap']),
});
const grid = z.object({ h: z.number(), w: z.number(), x: z.number(), y: z.number() });
const panel = z.object({
  id: z.number().int().positive(),
  type: z.string(),
  title: z.string().min(1),
  gridPos: grid,
  description: z.string().optional(),
  datasource: source.optional(),
  interval: z.string().optional(),
  targets: z.array(target).optional(),
  fieldConfig: z.object({ defaults: z.looseObject({ unit: z.string(), noValue: z.string() }) }).optional(),
});
const shape = z.strictObject({
  uid: z.string().max(40),
  title: z.string().min(1),
  description: z.string().min(1),
  tags: z.tuple([z.literal('kop')]),
  schemaVersion: z.number().min(39).max(42),
  version: z.literal(1),
  editable: z.literal(false),
  graphTooltip: z.literal(1),
  timezone: z.literal('browser'),
  refresh: z.literal('1m'),
  time: z.object({ from: z.string(), to: z.literal('now') }),
  annotations: z.object({ list: z.array(z.unknown()) }),
  links: z
    .array(z.looseObject({ type: z.literal('dashboards'), asDropdown: z.literal(true), keepTime: z.literal(true) }))
    .min(1),
  templating: z.object({ list: z.array(z.looseObject({ name: z.string(), type: z.string(), label: z.string() })) }),
  panels: z.array(panel),
});

/** As Grafana would fill them in. */
function asAsked(expr: string): string {
  return expr
    .replaceAll('$__rate_interval', '5m')
    .replaceAll('$__range:$__interval', '6h:1m')
    .replaceAll('$__interval', '1m')
    .replaceAll('$portal', 'kingston')
    .replaceAll('$workflow', 'search');
}

describe.each(paths)('%s', (path) => {
  const text = readFileSync(path, 'utf8');
  const board = shape.parse(JSON.parse(text));
  const panels = board.panels.filter(({ type }) => type !== 'row');
  const targets = panels.flatMap((p) => (p.targets ?? []).map((t) => ({ ...t, panel: p.title })));

  it('is plain classic JSON, for import and provisioning alike', () => {
    expect(text).not.toMatch(/"__inputs"|"__elements"|\$\{DS_/);
    expect(text).not.toMatch(/"uid": "(?!\$\{datasource\}|kop-)/);
  });

  it('starts with a data source variable, and labels every variable', () => {
    expect(board.templating.list[0]).toMatchObject({ name: 'datasource', type: 'datasource', query: 'prometheus' });
    for (const variable of board.templating.list) {
      expect(variable.label).not.toBe('');
      if (variable.type !== 'query') continue;
      expect(variable.datasource).toEqual({ type: 'prometheus', uid: filledIn('datasource') });
      expect(variable.refresh).toBe(2);
    }
  });

  it('numbers its panels once each', () => {
    const ids = board.panels.map(({ id }) => id);
    expect(new Set(ids).size).toBe(ids.length);
  });

  it('fills its lines and overlaps nowhere', () => {
    for (const { gridPos } of board.panels) expect(gridPos.x + gridPos.w).toBeLessThanOrEqual(24);
    const cells = board.panels.flatMap(({ gridPos: { x, y, w, h } }) =>
      Array.from({ length: w * h }, (_unused, i) => `${x + (i % w)},${y + Math.floor(i / w)}`),
    );
    expect(new Set(cells).size).toBe(cells.length);
    const bottom = Math.max(...board.panels.map(({ gridPos: { y, h } }) => y + h));
    expect(cells).toHaveLength(24 * bottom);
  });

  it.each(panels.map((p) => [p.title, p] as const))('panel "%s" explains itself', (_title, p) => {
    expect(p.description ?? '').toMatch(/\.$/);
    expect(p.datasource).toBeDefined();
    expect(p.interval).toMatch(/^\d+m$/);
    expect(p.fieldConfig?.defaults.unit).toBeTruthy();
    expect(p.fieldConfig?.defaults.noValue).toBeTruthy();
    expect(p.targets?.length).toBeGreaterThan(0);
    expect(new Set(p.targets?.map(({ refId }) => refId)).size).toBe(p.targets?.length);
  });

  const timelines = panels.filter(({ type }) => type === 'state-timeline');
  it.each(timelines.map((p) => [p.title, p] as const))(
    'timeline "%s" says so when it has nothing to show',
    (_title, p) => {
      // Otherwise Grafana says in its place that the data does not have a time field.
      const [only, ...others] = p.targets ?? [];
      const strip = / or on \(\) \(label_replace\(vector\((\d+)\), "(\w+)", "(No [\w ]+)", "", ""\) unless on \(\) /;
      const [, code, label, words] = strip.exec(only?.expr ?? '') ?? [];
      expect(others).toEqual([]);
      expect(only?.legendFormat).toBe(`{{${label}}}`);
      expect(words).toBeDefined();
      expect(JSON.stringify(p.fieldConfig?.defaults.mappings)).toContain(`"${code}":{`);
    },
  );

  it.each(targets.map((t) => [`${t.panel} ${t.refId}`, t] as const))('query "%s" can be asked', (_name, t) => {
    const query = parsePromql(asAsked(t.expr));
    expect(query.hasError, t.expr).toBe(false);
    expect(query.metrics.filter((metric) => !known.has(metric))).toEqual([]);
    const counters = query.metrics.filter((metric) => known.get(metric)?.type === 'counter');
    if (counters.length > 0) expect(t.expr).toMatch(/\b(rate|increase)\(/);
    // A rate over a fixed range would skip samples when zoomed out; tables of the last hour mean that hour.
    if (!t.instant) expect(t.expr).not.toMatch(/\b(rate|increase)\([^[]*\[(?!\$__rate_interval)/);
  });

  it.skipIf(promtools.length === 0)('has queries that Prometheus accepts', () => {
    const rules = targets.map(({ expr }) => ({ record: 'checked', expr: asAsked(expr) }));
    const file = join(tmpdir(), `kop-${board.uid}-${process.pid}.json`);
    writeFileSync(file, JSON.stringify({ groups: [{ name: 'checked', rules }] }));
    for (const promtool of promtools) run(promtool, ['check', 'rules', '--lint=none', file]);
  });

  it('links to dashboards that are shipped', () => {
    for (const [, uid] of text.matchAll(/"\/d\/([\w-]+)/g)) expect(paths).toContain(`dashboards/json/${uid}.json`);
  });
});

describe('the overview', () => {
  const board = shape.parse(JSON.parse(readFileSync('dashboards/json/kop-overview.json', 'utf8')));

  /** What stands under each row's title. */
  const under = new Map<string, string[]>();
  for (const { type, title, targets = [] } of board.panels.toSorted((a, b) => a.gridPos.y - b.gridPos.y)) {
    if (type === 'row') under.set(title, []);
    else [...under.values()].at(-1)?.push(...targets.map(({ expr }) => expr));
  }

  it.each([
    ['Now', ['ALERTS', 'workflow:sla_state:code', 'audit_trail:state:code', 'field_encryption:', 'kop_build_info']],
    ['Workflow SLA', ['workflow_sla']],
    [
      'Audit trails',
      ['audit_trail:state:code', 'audit_trail_tables_covered', 'audit_trail_checkpoint_timestamp_seconds'],
    ],
    ['Field encryption', ['field_encryption']],
    ['Exporters', ['kop_collector_success']],
  ])('shows under %s what belongs there', (row, names) => {
    for (const name of names) expect(under.get(row)?.join('\n')).toContain(name);
  });
});

describe('the SLA line', () => {
  it('is a metric, so that it moves with the description', () => {
    const text = readFileSync('dashboards/json/kop-workflow-sla.json', 'utf8');
    expect(text).toContain('max(workflow_sla_target_seconds{portal=\\"$portal\\", workflow=\\"$workflow\\"})');
  });
});
