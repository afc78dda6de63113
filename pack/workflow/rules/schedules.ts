import type { Judged as JudgedBy, Rule } from '../../domain.js';
import { durationText } from '../../reading/durations.js';
import { type KeyPath, nodeAt } from '../../reading/source-node.js';
import { defaultTimeoutMs } from '../schedules.js';
import type { ParsedWorkflow } from '../schema/workflow.js';

type Judged = JudgedBy<ParsedWorkflow>;

/** Runs are frequent enough to be judged, and their time limits allow measuring a miss. */
export const schedules: Rule<ParsedWorkflow> = (judged) => {
  for (const [name, workflow] of Object.entries(judged.own)) {
    const path = ['workflows', name];
    runLength(judged, workflow, path);
    stepLengths(judged, workflow, path);
    frequency(judged, workflow, path);
  }
};

function runLength({ reporter, root }: Judged, workflow: ParsedWorkflow, path: KeyPath): void {
  const { sla, schedule } = workflow;
  if (schedule.interval <= sla) {
    const written = [...path, 'schedule', 'interval'];
    const place = nodeAt(root, written) === undefined ? [...path, 'sla'] : written;
    reporter.report(
      place,
      `a run that meets its SLA may last ${durationText(sla)}, and the next begins after ${durationText(schedule.interval)}`,
      { expected: 'an interval longer than the SLA' },
    );
  }
  if (schedule.timeout !== undefined && schedule.timeout <= sla) {
    reporter.report(
      [...path, 'schedule', 'timeout'],
      `the run is cut off after ${durationText(schedule.timeout)}, before it can miss its SLA by time`,
      {
        expected: `more than the SLA of ${durationText(sla)}`,
      },
    );
  }
}

function stepLengths({ reporter }: Judged, workflow: ParsedWorkflow, path: KeyPath): void {
  const { sla, schedule } = workflow;
  const runTimeout = schedule.timeout ?? defaultTimeoutMs(sla, schedule.interval);
  workflow.steps.forEach((step, index) => {
    const place = [...path, 'steps', index];
    if (step.timeout !== undefined && step.timeout > runTimeout) {
      reporter.report([...place, 'timeout'], 'the step is cut off later than its run', {
        expected: `at most the run's timeout of ${durationText(runTimeout)}`,
      });
    }
    const stepTimeout = Math.min(step.timeout ?? runTimeout, runTimeout);
    if (step.budget !== undefined && step.budget >= stepTimeout) {
      reporter.report([...place, 'budget'], 'the step is cut off before it can exceed its budget', {
        expected: `less than its timeout of ${durationText(stepTimeout)}`,
      });
    }
  });
}

function frequency({ reporter, shared }: Judged, workflow: ParsedWorkflow, path: KeyPath): void {
  const { interval } = workflow.schedule;
  const { burn, minimumMissedRuns, stalledFor } = shared.alerting;
  const place = [...path, 'schedule', 'interval'];
  for (const { name, long } of burn) {
    if (long / interval < minimumMissedRuns) {
      reporter.report(
        place,
        `alert '${name}' needs ${minimumMissedRuns} missed runs in ${durationText(long)}, which hold fewer runs, so it can never fire`,
        {
          expected: `an interval of at most ${durationText(Math.floor(long / minimumMissedRuns))}`,
        },
      );
    }
  }
  // A run may come late by its jitter, and then last until its timeout.
  if (stalledFor < 2 * interval) {
    reporter.report(place, `a workflow counts as stalled after ${durationText(stalledFor)}, less than two intervals`, {
      expected: `an interval of at most ${durationText(stalledFor / 2)}, or a longer alerting.stalledFor`,
    });
  }
}
