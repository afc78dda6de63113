import type { Pack } from '../../../pack/index.js';
import type { Recorded } from '../../../pack/metrics/declare.js';
import { windowOf } from '../../../pack/metrics/index.js';
import { workflowMetrics as m } from '../../../pack/workflow/metrics.js';
import { workflowRecorded as r } from '../../../pack/workflow/recorded.js';
import { promql } from '../promql.js';
import type { RecordingRule } from '../rule.js';
import { settings } from '../settings.js';
import { settled, slice, sumOfSlices } from '../slices.js';
import { burnWindows, isRaw, type RecordedWindow } from '../windows.js';
import { type Period, periods } from './periods.js';
import { workflowSettings } from './settings.js';

/** Both sides of every ratio, as counts over a range of the raw counter. */
function rawRuns(range: string): string {
  return `sum by (portal, workflow) (increase(${m.runs.name}[${range}]))`;
}

/** Until a workflow first fails there may be no `missed` series, and nothing divided by something is nothing. */
function rawMissed(range: string): string {
  return promql`
    sum by (portal, workflow) (increase(${m.runs.name}{sla="missed"}[${range}]))
    or
    0 * ${rawRuns(range)}
  `;
}

function windowRules(window: RecordedWindow): readonly RecordingRule[] {
  const { name } = window;
  return [
    { record: r.runs(name), expr: isRaw(window) ? rawRuns(name) : sumOfSlices(r.runsSlice.name, name) },
    { record: r.missed(name), expr: isRaw(window) ? rawMissed(name) : sumOfSlices(r.missedSlice.name, name) },
    { record: r.errorRatio(name), expr: `${r.missed(name).name} / (${r.runs(name).name} > 0)` },
  ];
}

/** Recorded with the alerts that read them, in one group, so that they are never of different moments. */
export function workflowWindowRecordings(pack: Pack): readonly RecordingRule[] {
  return [
    {
      record: r.errorBudget,
      // Remembered while its exporter is down: what was broken before stays so.
      expr: promql`
        1 - max by (portal, workflow) (${m.slaObjective.name})
        or
        (last_over_time(${r.errorBudget.name}[${look}]) and on (portal, workflow) ${r.lastSeen.name})
      `,
    },
    ...burnWindows(pack).flatMap(windowRules),
    ...budgetRecordings(),
  ];
}

const look = windowOf(3 * settings.sliceSeconds);

/**
 * The period's counts come from a slower group: without the look back they would be missing between two of its runs,
 * and without the offset one could be of this run and the other of the last.
 */
const settledPeriod = (record: Recorded) => `last_over_time(${record.name}[${look}] offset ${settled})`;

/**
 * Turns that the schedule owed, and never fewer than were measured: misses from before the workflow was first seen, as
 * after an upgrade of these rules, would else be held against a budget of hours.
 */
const turnsDue = promql`
  (
    (${settledPeriod(r.periodDue)} >= ${settledPeriod(r.periodRuns)})
    or
    ${settledPeriod(r.periodRuns)}
  )
`;

function budgetRecordings(): readonly RecordingRule[] {
  return [
    {
      record: r.attainment,
      expr: promql`
        1 - ${settledPeriod(r.periodMissed)}
          / (${settledPeriod(r.periodRuns)} > 0)
      `,
    },
    {
      record: r.measured,
      expr: promql`
        ${settledPeriod(r.periodRuns)}
        / (
          ${turnsDue} > 0
        )
      `,
    },
    {
      record: r.budgetRemaining,
      expr: promql`
        1 - ${settledPeriod(r.periodMissed)}
          / (
            ${r.errorBudget.name} * ${turnsDue} > 0
          )
      `,
    },
  ];
}

const unmeasured = promql`
  clamp_min(${turnsDue} - ${settledPeriod(r.periodRuns)} - ${workflowSettings.turnsUnderWay}, 0)
`;

/** Workflows of which too many turns of the period were not measured to say that the promise was kept. */
export const notKnown = promql`
  (
    ${settledPeriod(r.periodMissed)} + ${unmeasured}
    > ${r.errorBudget.name} * ${turnsDue}
  )
  and
  ${unmeasured} > 0
`;

/** For a group of its own, evaluated once for each slice. */
export function workflowSliceRecordings(pack: Pack): readonly RecordingRule[] {
  return [
    { record: r.runsSlice, expr: rawRuns(slice) },
    { record: r.missedSlice, expr: rawMissed(slice) },
    ...dueRecordings(pack),
    ...periods(pack).flatMap(periodRules),
  ];
}

/**
 * What the schedule owes comes from the schedule: an exporter that was off for a week counts no turn, and would seem to
 * have measured all of them. It is remembered while nobody is there to ask, and counted since the workflow was first
 * seen, because a new one owes nothing for last month.
 */
function dueRecordings(pack: Pack): readonly RecordingRule[] {
  const longest = windowOf(Math.max(...periods(pack).map(({ days }) => days)) * 86_400);
  const seconds = settings.sliceSeconds;
  const seen = promql`max by (portal, workflow) (timestamp(${m.info.name}))`;
  const interval = `max by (portal, workflow) (${m.scheduleInterval.name})`;
  const isKept = `and on (portal, workflow) last_over_time(${r.seenInPeriod.name}[${look}])`;
  return [
    {
      record: r.seenInPeriod,
      expr: promql`
        ${seen}
        or
        last_over_time(${r.seenInPeriod.name}[${longest}]) > time() - ${windowSeconds(longest)}
      `,
    },
    {
      record: r.firstSeen,
      expr: promql`
        (last_over_time(${r.firstSeen.name}[${longest}]) ${isKept})
        or
        ${seen}
      `,
    },
    {
      // The first turn comes within an interval.
      record: r.dueSlice,
      expr: promql`
        clamp_max(clamp_min(time() - last_over_time(${r.firstSeen.name}[${look}]) - ${interval}, 0), ${seconds}) / ${interval}
        or
        (last_over_time(${r.dueSlice.name}[${longest}]) ${isKept})
      `,
    },
  ];
}

function windowSeconds(window: string): number {
  return Number.parseInt(window, 10) * 86_400;
}

function periodRules(period: Period): readonly RecordingRule[] {
  const seconds = period.days * 86_400;
  const range = windowOf(seconds);
  const due = r.dueSlice.name + period.matcher;
  const known = `clamp_max(time() - last_over_time(${r.firstSeen.name}${period.matcher}[${look}]), ${seconds})`;
  // While no rules were evaluated nothing was recorded, and turns were due all the same.
  const missingSlices = promql`
    clamp_min(
      ${known} / ${settings.sliceSeconds}
      - count_over_time(${due}[${range}:${slice}] offset ${settled})
      - ${workflowSettings.slicesUnderWay},
      0
    )
  `;
  return [
    { record: r.periodRuns, expr: sumOfSlices(r.runsSlice.name + period.matcher, range) },
    { record: r.periodMissed, expr: sumOfSlices(r.missedSlice.name + period.matcher, range) },
    {
      record: r.periodDue,
      expr: promql`
        ${sumOfSlices(due, range)}
        + avg_over_time(${due}[${range}:${slice}] offset ${settled})
        * ${missingSlices}
      `,
    },
  ];
}
