import { colours, thresholds, words } from './fields.js';
import type { Options, Override, Panel, QueryTarget } from './types.js';

interface Common {
  readonly title: string;
  readonly description: string;
  readonly targets: readonly QueryTarget[];
  readonly unit: string;
  readonly decimals?: number;
  readonly min?: number;
  readonly max?: number;
  readonly noValue?: string;
  readonly overrides?: readonly Override[];
  readonly transformations?: readonly object[];
  /** Shortest step, for events too rare to be seen in a minute. */
  readonly interval?: string;
}

interface StatSpec extends Common {
  readonly thresholds?: object;
  readonly mappings?: readonly object[];
  readonly colour?: 'background' | 'value' | 'none';
  readonly spark?: boolean;
}

const plainSteps = thresholds({ value: null, color: colours.neutral });

function defaults(spec: Common, more: Options): Options {
  return {
    unit: spec.unit,
    ...(spec.decimals === undefined ? {} : { decimals: spec.decimals }),
    ...(spec.min === undefined ? {} : { min: spec.min }),
    ...(spec.max === undefined ? {} : { max: spec.max }),
    noValue: spec.noValue ?? 'No data',
    ...more,
  };
}

function panel(type: string, spec: Common, fields: Options, options: Options): Panel {
  return {
    type,
    title: spec.title,
    description: spec.description,
    targets: spec.targets,
    fieldConfig: { defaults: defaults(spec, fields), overrides: spec.overrides ?? [] },
    options,
    ...(spec.transformations === undefined ? {} : { transformations: spec.transformations }),
    ...(spec.interval === undefined ? {} : { interval: spec.interval }),
  };
}

/** Large numbers or words; several targets stand side by side. */
export function stat(spec: StatSpec): Panel {
  return panel(
    'stat',
    spec,
    {
      color: { mode: 'thresholds' },
      thresholds: spec.thresholds ?? plainSteps,
      // Nothing known must not take the colour of the lowest threshold, which often is green.
      mappings: spec.mappings ?? words([], spec.noValue ?? 'No data'),
    },
    {
      colorMode: spec.colour ?? 'value',
      graphMode: spec.spark === true ? 'area' : 'none',
      justifyMode: 'auto',
      orientation: 'auto',
      reduceOptions: { calcs: ['lastNotNull'], fields: '', values: false },
      textMode: spec.targets.length > 1 ? 'value_and_name' : 'auto',
      wideLayout: true,
    },
  );
}

interface SeriesSpec extends Common {
  readonly draw?: 'line' | 'bars' | 'points';
  readonly stacked?: boolean;
  readonly fill?: number;
  readonly thresholds?: object;
  readonly legendCalcs?: readonly string[];
  readonly legendAt?: 'bottom' | 'right';
  readonly axisLabel?: string;
  readonly softMax?: number;
  readonly scale?: object;
}

export function timeseries(spec: SeriesSpec): Panel {
  const bars = spec.draw === 'bars';
  return panel(
    'timeseries',
    spec,
    {
      color: { mode: 'palette-classic' },
      thresholds: spec.thresholds ?? plainSteps,
      custom: {
        drawStyle: spec.draw ?? 'line',
        lineWidth: bars ? 0 : 2,
        fillOpacity: spec.fill ?? (bars ? 80 : spec.stacked === true ? 40 : 8),
        pointSize: 5,
        showPoints: spec.draw === 'points' ? 'always' : 'never',
        // A gap is a gap: a line drawn over missing measurements would invent them.
        spanNulls: false,
        stacking: { group: 'A', mode: spec.stacked === true ? 'normal' : 'none' },
        thresholdsStyle: { mode: spec.thresholds === undefined ? 'off' : 'dashed' },
        axisLabel: spec.axisLabel ?? '',
        axisBorderShow: false,
        // A chart of counts that are all 0 would otherwise reach to 100.
        ...(bars ? { axisSoftMax: 1 } : spec.softMax === undefined ? {} : { axisSoftMax: spec.softMax }),
        ...(spec.scale === undefined ? {} : { scaleDistribution: spec.scale }),
      },
    },
    {
      legend: {
        calcs: spec.legendCalcs ?? [],
        displayMode: (spec.legendCalcs ?? []).length > 0 ? 'table' : 'list',
        placement: spec.legendAt ?? 'bottom',
        showLegend: true,
      },
      tooltip: { mode: 'multi', sort: 'desc' },
    },
  );
}

interface TableSpec extends Common {
  readonly sortBy?: { readonly displayName: string; readonly desc: boolean };
}

export function tablePanel(spec: TableSpec): Panel {
  return panel(
    'table',
    spec,
    {
      color: { mode: 'thresholds' },
      thresholds: plainSteps,
      custom: { align: 'auto', filterable: false, inspect: false },
    },
    {
      cellHeight: 'sm',
      showHeader: true,
      footer: { show: false, countRows: false, fields: '', reducer: ['sum'] },
      sortBy: spec.sortBy === undefined ? [] : [spec.sortBy],
    },
  );
}

interface TimelineSpec extends Omit<Common, 'targets' | 'unit'> {
  readonly mappings: readonly object[];
  /** The codes of the states, one series for each subject. */
  readonly expr: string;
  /** The label by which the strips are named. */
  readonly subject: string;
  /** What the only strip says when there is no subject. */
  readonly nothing: { readonly text: string; readonly code: number };
}

/** A strip for each series, coloured by its state; missing stretches stay empty. */
export function stateTimeline({ expr, subject, nothing: { text, code }, ...spec }: TimelineSpec): Panel {
  // Without any series Grafana would say that the data does not have a time field. The strip is there only when nothing
  // was known in the whole range: it would otherwise stay beside those that came later.
  const everKnown = `max_over_time((${expr})[$__range:$__interval] @ end())`;
  const strip = `label_replace(vector(${code}), "${subject}", "${text}", "", "")`;
  const said = `${expr} or on () (${strip} unless on () ${everKnown})`;
  return panel(
    'state-timeline',
    { ...spec, unit: 'none', targets: [{ expr: said, legendFormat: `{{${subject}}}` }] },
    {
      // By thresholds, Grafana would merge all states into ranges and leave the words of the mappings out.
      color: { mode: 'palette-classic' },
      thresholds: plainSteps,
      mappings: spec.mappings,
      custom: { fillOpacity: 80, lineWidth: 0, spanNulls: false },
    },
    {
      alignValue: 'left',
      legend: { displayMode: 'list', placement: 'bottom', showLegend: true },
      mergeValues: true,
      rowHeight: 0.85,
      showValue: 'never',
      tooltip: { mode: 'single', sort: 'none' },
    },
  );
}

/** Counts by bucket over time, from a classic histogram. */
export function heatmap(spec: Common): Panel {
  return panel(
    'heatmap',
    spec,
    { custom: { hideFrom: { legend: false, tooltip: false, viz: false }, scaleDistribution: { type: 'linear' } } },
    {
      calculate: false,
      cellGap: 1,
      cellValues: { unit: 'short' },
      // From 0, so that a steady count of one is not the faintest colour there is.
      color: {
        mode: 'scheme',
        min: 0,
        scheme: 'Viridis',
        steps: 32,
        reverse: false,
        exponent: 0.5,
        fill: 'blue',
        scale: 'exponential',
      },
      exemplars: { color: 'rgba(255,0,255,0.7)' },
      filterValues: { le: 1e-9 },
      legend: { show: true },
      rowsFrame: { layout: 'auto' },
      showValue: 'never',
      tooltip: { mode: 'single', showColorScale: false, yHistogram: false },
      yAxis: { axisPlacement: 'left', reverse: false, unit: spec.unit },
    },
  );
}

/** Horizontal bars by category, one on top of the other. */
export function stackedBars(spec: Common & { readonly category: string }): Panel {
  return panel(
    'barchart',
    spec,
    {
      color: { mode: 'palette-classic' },
      thresholds: plainSteps,
      custom: { fillOpacity: 85, lineWidth: 0, gradientMode: 'none', axisBorderShow: false, axisLabel: '' },
    },
    {
      orientation: 'horizontal',
      stacking: 'normal',
      xField: spec.category,
      barWidth: 0.5,
      groupWidth: 0.9,
      barRadius: 0,
      fullHighlight: false,
      showValue: 'never',
      xTickLabelRotation: 0,
      xTickLabelSpacing: 0,
      legend: { calcs: [], displayMode: 'list', placement: 'bottom', showLegend: true },
      tooltip: { mode: 'multi', sort: 'none' },
    },
  );
}
