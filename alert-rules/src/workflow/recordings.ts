import { workflowMetrics as m, workflowRecorded as r, windowOf } from '../../../pack/metrics/index.js';
import type { Pack } from '../../../pack/model.js';
import { promql } from '../promql.js';
import type { RecordingRule } from '../rule.js';
import { settings } from '../settings.js';
import { settled, slice, sumOfSlices } from '../slices.js';
import { burnWindows, isRaw, type Period, periods, type RecordedWindow } from '../windows.js';

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
export function windowRecordings(pack: Pack): readonly RecordingRule[] {
  return [
    { record: r.errorBudget, expr: `1 - max by (portal, workflow) (${m.slaObjective.name})` },
    ...burnWindows(pack).flatMap(windowRules),
    ...budgetRecordings(),
  ];
}

/**
 * The period's counts come from a slower group: without the look back they would be missing between two of its runs,
 * and without the offset one could be of this run and the other of the last.
 */
function budgetRecordings(): readonly RecordingRule[] {
  const look = windowOf(3 * settings.sliceSeconds);
  return [
    {
      record: r.attainment,
      expr: promql`
        1 - last_over_time(${r.periodMissed.name}[${look}] offset ${settled})
          / (last_over_time(${r.periodRuns.name}[${look}] offset ${settled}) > 0)
      `,
    },
    {
      record: r.budgetRemaining,
      expr: `1 - (1 - ${r.attainment.name}) / (${r.errorBudget.name} > 0)`,
    },
  ];
}

/** For a group of its own, evaluated once for each slice. */
export function sliceRecordings(pack: Pack): readonly RecordingRule[] {
  return [
    { record: r.runsSlice, expr: rawRuns(slice) },
    { record: r.missedSlice, expr: rawMissed(slice) },
    ...periods(pack).flatMap(periodRules),
  ];
}

function periodRules(period: Period): readonly RecordingRule[] {
  const range = windowOf(period.days * 86_400);
  return [
    { record: r.periodRuns, expr: sumOfSlices(r.runsSlice.name + period.matcher, range) },
    { record: r.periodMissed, expr: sumOfSlices(r.missedSlice.name + period.matcher, range) },
  ];
}
