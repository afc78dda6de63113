import type { Recorded } from '../metrics/declare.js';
import { recorded } from '../metrics/record.js';
import type { Window } from '../metrics/window.js';

/**
 * Values of `workflow:sla_state:code`. The worst state has the highest value, so that a gap never hides an outage. Not
 * known: too many turns of the period were not measured to decide whether the objective is met. No data: nothing is
 * measured now.
 */
export const workflowStates = { met: 1, atRisk: 2, notKnown: 3, noData: 4, broken: 5 } as const;

const workflow = ['portal', 'workflow'] as const;

/**
 * Counts are recorded first and divided last: the ratio of a window without runs would be NaN for up to a month.
 *
 * The objective's period is not part of a name, so that dashboards read the same series for every period.
 */
export const workflowRecorded = {
  runs: (w: Window) => recorded(`workflow:sla_runs:increase${w}`, 'count', workflow, `Runs in the last ${w}.`),
  missed: (w: Window) =>
    recorded(
      `workflow:sla_missed:increase${w}`,
      'count',
      workflow,
      `Missed runs in the last ${w}; 0 when none missed.`,
    ),
  errorRatio: (w: Window) =>
    recorded(
      `workflow:sla_error:ratio${w}`,
      'ratio',
      workflow,
      `Share of missed runs in the last ${w}; absent when there were none.`,
    ),
  runsSlice: recorded(
    'workflow:sla_runs:slice5m',
    'count',
    workflow,
    'Runs in each five minutes, for the long windows.',
  ),
  missedSlice: recorded(
    'workflow:sla_missed:slice5m',
    'count',
    workflow,
    'Missed runs in each five minutes, for the long windows.',
  ),
  errorBudget: recorded('workflow:sla_error_budget:ratio', 'ratio', workflow, 'Share of runs that may miss.'),
  periodRuns: recorded('workflow:sla_runs:increase_period', 'count', workflow, "Runs in the objective's period."),
  periodMissed: recorded(
    'workflow:sla_missed:increase_period',
    'count',
    workflow,
    "Missed runs in the objective's period.",
  ),
  attainment: recorded(
    'workflow:sla_met:ratio_period',
    'ratio',
    workflow,
    "Share of runs in the objective's period that met the SLA.",
  ),
  budgetRemaining: recorded(
    'workflow:sla_budget_remaining:ratio',
    'ratio',
    workflow,
    "Share of the period's error budget that remains; negative when it is exceeded.",
  ),
  firstSeen: recorded(
    'workflow:first_seen:timestamp_seconds',
    'timestamp',
    workflow,
    'When the workflow was first scraped. Kept until it has not been seen for a period.',
  ),
  seenInPeriod: recorded(
    'workflow:seen_in_period:timestamp_seconds',
    'timestamp',
    workflow,
    'When the workflow was last scraped. Kept for a period.',
  ),
  dueSlice: recorded(
    'workflow:sla_due:slice5m',
    'count',
    workflow,
    'Turns that are due by the schedule in each five minutes, whether or not they are measured.',
  ),
  periodDue: recorded(
    'workflow:sla_due:increase_period',
    'count',
    workflow,
    "Turns that are due by the schedule in the objective's period, or since the workflow was first seen.",
  ),
  measured: recorded(
    'workflow:sla_measured:ratio_period',
    'ratio',
    workflow,
    "Share of the turns due in the objective's period that were measured.",
  ),
  lastSeen: recorded(
    'workflow:last_seen:timestamp_seconds',
    'timestamp',
    [...workflow, 'title', 'team', 'tier', 'job', 'instance'],
    'When the workflow was last scraped. Kept for an hour, and for as long as its target is configured but down.',
  ),
  identity: recorded(
    'workflow:identity:info',
    'info',
    [...workflow, 'title', 'team', 'tier'],
    'One series per workflow, for joins that add its team and tier; the value is always 1.',
  ),
  state: recorded(
    'workflow:sla_state:code',
    'count',
    workflow,
    'State of the objective: 1 met, 2 at risk, 3 not known, 4 no data, 5 broken.',
  ),
  lastActivity: recorded(
    'workflow:last_activity:timestamp_seconds',
    'timestamp',
    workflow,
    'When the last run ended or, before the first, when the configuration was loaded.',
  ),
} as const;

/** All of them, for the given burn-rate windows. */
export function recordedOfWorkflows(windows: readonly Window[]): readonly Recorded[] {
  const { runs, missed, errorRatio, ...fixed } = workflowRecorded;
  return [...windows.flatMap((w) => [runs(w), missed(w), errorRatio(w)]), ...Object.values(fixed)];
}
