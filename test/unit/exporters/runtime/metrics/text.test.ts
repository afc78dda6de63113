import { describe, expect, it } from 'vitest';
import { type Family, family, mergeFamilies, renderFamilies } from '../../../../../exporters/runtime/metrics/index.js';
import { formatBound, formatValue } from '../../../../../exporters/runtime/metrics/number.js';
import { counter, gauge, histogram } from '../../../../../pack/metrics/index.js';

const families: readonly Family[] = [
  family(counter('t_runs_total', 'count', ['name'], 'Runs with "quotes", \\ and\nlines.'), [
    [{ name: 'plain' }, 1],
    [{ name: 'a"b\\c\nd' }, 2],
  ]),
  family(gauge('t_build_info', 'info', ['version'], 'Build.'), [[{ version: '1' }, 1]]),
  family(gauge('t_ratio', 'ratio', [], 'Ratio.'), [[{}, Number.NaN]]),
  family(gauge('t_edge', 'count', ['n'], 'Edges.'), [
    [{ n: 'a' }, Number.POSITIVE_INFINITY],
    [{ n: 'b' }, Number.NEGATIVE_INFINITY],
    [{ n: 'c' }, 1e21],
    [{ n: 'd' }, 0],
  ]),
  {
    decl: histogram('t_took_seconds', 'seconds', [], 'Took.'),
    samples: [{ labels: '', bounds: [0.00001, 1], counts: [1, 2, 3], sum: 7 }],
  },
  family(counter('t_none_total', 'count', ['x'], 'None.'), []),
];

describe('the text format', () => {
  it('is 0.0.4', () => {
    expect(renderFamilies(families, 'text')).toBe(String.raw`# HELP t_runs_total Runs with "quotes", \\ and\nlines.
# TYPE t_runs_total counter
t_runs_total{name="plain"} 1
t_runs_total{name="a\"b\\c\nd"} 2
# HELP t_build_info Build.
# TYPE t_build_info gauge
t_build_info{version="1"} 1
# HELP t_ratio Ratio.
# TYPE t_ratio gauge
t_ratio NaN
# HELP t_edge Edges.
# TYPE t_edge gauge
t_edge{n="a"} +Inf
t_edge{n="b"} -Inf
t_edge{n="c"} 1e+21
t_edge{n="d"} 0
# HELP t_took_seconds Took.
# TYPE t_took_seconds histogram
t_took_seconds_bucket{le="1e-05"} 1
t_took_seconds_bucket{le="1.0"} 3
t_took_seconds_bucket{le="+Inf"} 6
t_took_seconds_sum 7
t_took_seconds_count 6
# HELP t_none_total None.
# TYPE t_none_total counter
`);
  });

  it('has an OpenMetrics sister with bare family names', () => {
    expect(renderFamilies(families, 'openmetrics')).toBe(String.raw`# TYPE t_runs counter
# HELP t_runs Runs with \"quotes\", \\ and\nlines.
t_runs_total{name="plain"} 1
t_runs_total{name="a\"b\\c\nd"} 2
# TYPE t_build info
# HELP t_build Build.
t_build_info{version="1"} 1
# TYPE t_ratio gauge
# UNIT t_ratio ratio
# HELP t_ratio Ratio.
t_ratio NaN
# TYPE t_edge gauge
# HELP t_edge Edges.
t_edge{n="a"} +Inf
t_edge{n="b"} -Inf
t_edge{n="c"} 1e+21
t_edge{n="d"} 0
# TYPE t_took_seconds histogram
# UNIT t_took_seconds seconds
# HELP t_took_seconds Took.
t_took_seconds_bucket{le="1e-05"} 1
t_took_seconds_bucket{le="1.0"} 3
t_took_seconds_bucket{le="+Inf"} 6
t_took_seconds_sum 7
t_took_seconds_count 6
# TYPE t_none counter
# HELP t_none None.
# EOF
`);
  });

  it('leaves one format untouched by the other', () => {
    const before = renderFamilies(families, 'text');
    renderFamilies(families, 'openmetrics');
    expect(renderFamilies(families, 'text')).toBe(before);
  });
});

describe('numbers', () => {
  it.each([
    [0, '0.0'],
    [1, '1.0'],
    [1.5, '1.5'],
    [-1, '-1.0'],
    [0.1, '0.1'],
    [0.0001, '0.0001'],
    [0.00001, '1e-05'],
    [0.000025, '2.5e-05'],
    [1e-10, '1e-10'],
    [100000, '100000.0'],
    [1e6, '1e+06'],
    [1234567, '1.234567e+06'],
    [1e21, '1e+21'],
  ])('prints the bound %d as every Go client does: %s', (bound, text) => {
    expect(formatBound(bound)).toBe(text);
  });

  it('prints values so that they read back the same', () => {
    for (const value of [0, 1, 0.1 + 0.2, 5e-324, 1.7976931348623157e308, 1795423627.911]) {
      expect(Number(formatValue(value))).toBe(value);
    }
  });
});

describe('families of the same name', () => {
  const decl = gauge('t_up', 'boolean', ['x'], 'Up.');

  it('are joined when they agree', () => {
    const { families: merged, conflicts } = mergeFamilies([
      family(decl, [[{ x: 'a' }, 1]]),
      family(gauge('t_other', 'count', [], 'O.'), [[{}, 1]]),
      family(gauge('t_up', 'boolean', ['x'], 'Up.'), [[{ x: 'b' }, 0]]),
    ]);
    expect(conflicts).toEqual([]);
    expect(merged.map(({ decl: { name }, samples }) => [name, samples.length])).toEqual([
      ['t_up', 2],
      ['t_other', 1],
    ]);
  });

  it('keep the first and report the second when they do not', () => {
    const { families: merged, conflicts } = mergeFamilies([
      family(decl, [[{ x: 'a' }, 1]]),
      family(counter('t_up', 'boolean', ['x'], 'Up.'), [[{ x: 'b' }, 0]]),
    ]);
    expect(merged).toHaveLength(1);
    expect(merged[0]?.samples).toHaveLength(1);
    expect(conflicts).toEqual([expect.stringContaining('t_up')]);
  });

  it('show a repeated series once', () => {
    const { families: merged, conflicts } = mergeFamilies([
      family(decl, [[{ x: 'a' }, 1]]),
      family(decl, [[{ x: 'a' }, 2]]),
    ]);
    expect(merged[0]?.samples).toEqual([{ labels: 'x="a"', value: 1 }]);
    expect(conflicts).toEqual(['t_up{x="a"} is exposed twice; the second is left out']);
  });

  it('show a series once that one source repeats', () => {
    const { families: merged } = mergeFamilies([
      family(decl, [
        [{ x: 'a' }, 1],
        [{ x: 'a' }, 2],
      ]),
    ]);
    expect(merged[0]?.samples).toHaveLength(1);
  });
});
