/**
 * Draws the series of an exporter from a list of lines, each with its healthy value, and of phases that say what differs.
 */
import { runtimeMetrics } from '../../../pack/metrics/index.js';
import type { InputSeries } from './scenario.js';
import { target } from './target.js';
import { Timeline } from './timeline.js';

type Labels = Readonly<Record<string, string>>;

export interface SeriesLine {
  readonly metric: string;
  readonly labels: Labels;
  /** A gauge's value, or a counter's growth in a minute; nothing: the series is not there. */
  readonly healthy?: number;
}

export function seriesLine(metric: { readonly name: string }, labels: Labels, healthy?: number): SeriesLine {
  return { metric: metric.name, labels, ...(healthy === undefined ? {} : { healthy }) };
}

/** `runs`: follows the clock; `stopped`: stays where it was; `never`: 0. */
export type Clock = 'runs' | 'stopped' | 'never';

export interface Lines<G extends string, C extends string, T extends string> {
  readonly exporter: string;
  readonly gauges: Readonly<Record<G, SeriesLine>>;
  readonly counters: Readonly<Record<C, SeriesLine>>;
  readonly clocks: Readonly<Record<T, SeriesLine>>;
}

type AnyLines = Lines<string, string, string>;
type AnyPhase = DrawnPhase<string, string, string>;

/** What differs from the healthy for some minutes. */
export interface Difference<G extends string, C extends string, T extends string> {
  /** `gone`: not even configured in Prometheus any more. */
  readonly target?: 'up' | 'down' | 'gone';
  /** The collector fails, and shows nothing; the exporter answers. */
  readonly collectorFails?: boolean;
  /** No longer in the description: nothing is shown, and nothing fails. */
  readonly removed?: boolean;
  readonly set?: Readonly<Partial<Record<G, number | 'gone'>>>;
  readonly perMinute?: Readonly<Partial<Record<C, number>>>;
  readonly clocks?: Readonly<Partial<Record<T, Clock | 'gone'>>>;
}

export type DrawnPhase<G extends string, C extends string, T extends string> = Difference<G, C, T> & {
  readonly minutes: number;
};

export function draw(lines: AnyLines, phases: readonly AnyPhase[]): readonly InputSeries[] {
  type P = AnyPhase;
  const answers = (phase: P) => (phase.target ?? 'up') === 'up';
  const shows = (phase: P) => answers(phase) && phase.collectorFails !== true && phase.removed !== true;

  const gauge = (line: SeriesLine, present: (phase: P) => boolean, value: (phase: P) => number | undefined) =>
    drawn(line, phases, (timeline, phase) => {
      const now = present(phase) ? value(phase) : undefined;
      if (now === undefined) timeline.gap(phase.minutes);
      else timeline.hold(phase.minutes, now);
    });
  const own = (metric: string, labels: Labels = {}): SeriesLine => ({ metric, labels });

  return [
    gauge(
      own('up'),
      (phase) => phase.target !== 'gone',
      (phase) => (answers(phase) ? 1 : 0),
    ),
    gauge(own(runtimeMetrics.buildInfo.name, { exporter: lines.exporter, version: '0.1.0' }), answers, () => 1),
    gauge(own(runtimeMetrics.collectorSuccess.name, { collector: lines.exporter }), answers, (phase) =>
      phase.collectorFails === true ? 0 : 1,
    ),
    gauge(own(runtimeMetrics.configReloadSuccess.name), answers, () => 0),
    ...Object.entries(lines.gauges).map(([key, line]) =>
      gauge(line, shows, (phase) => {
        const set = phase.set?.[key];
        return set === 'gone' ? undefined : (set ?? line.healthy);
      }),
    ),
    ...Object.entries(lines.counters).map(([key, line]) =>
      drawn(line, phases, (timeline, phase) => {
        const growth = phase.perMinute?.[key] ?? line.healthy;
        if (!shows(phase) || growth === undefined) timeline.gap(phase.minutes);
        else timeline.grow(phase.minutes, growth);
      }),
    ),
    ...Object.entries(lines.clocks).map(([key, line]) =>
      clock(line, phases, shows, (phase) => phase.clocks?.[key] ?? 'runs'),
    ),
  ].filter((series) => /\d/.test(series.values.replaceAll(/_x\d+/g, '')));
}

function clock<P extends { readonly minutes: number }>(
  line: SeriesLine,
  phases: readonly P[],
  shows: (phase: P) => boolean,
  hand: (phase: P) => Clock | 'gone',
): InputSeries {
  let minute = 0;
  return drawn(line, phases, (timeline, phase) => {
    const state = shows(phase) ? hand(phase) : 'gone';
    if (state === 'gone') timeline.gap(phase.minutes);
    else if (state === 'runs') timeline.clock(phase.minutes, minute);
    else timeline.hold(phase.minutes, state === 'never' ? 0 : Math.max(timeline.last, 1));
    minute += phase.minutes;
  });
}

function drawn<P>(line: SeriesLine, phases: readonly P[], add: (timeline: Timeline, phase: P) => void): InputSeries {
  const timeline = new Timeline();
  for (const phase of phases) add(timeline, phase);
  const labels = Object.entries({ ...target, ...line.labels }).map(([key, value]) => `${key}="${value}"`);
  return { series: `${line.metric}{${labels.join(', ')}}`, values: String(timeline) };
}
