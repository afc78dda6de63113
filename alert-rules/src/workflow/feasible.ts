import type { BurnWindow, Objective, Pack } from '../../../pack/index.js';
import type { Workflow } from '../../../pack/workflow/model.js';
import { plainNumber } from '../promql.js';

/** Combinations under which an alert could never fire, each as one sentence. Empty when all is well. */
export function infeasibleBurns(pack: Pack): readonly string[] {
  return pack.workflows.flatMap((workflow) => {
    const objective = pack.objectives.find((o) => o.name === workflow.objective);
    if (objective === undefined) return [];
    return pack.alerting.burn.flatMap((burn) => [
      ...alwaysBelow(workflow, objective, burn),
      ...tooFewRuns(workflow, burn, pack.alerting.minimumMissedRuns),
    ]);
  });
}

function alwaysBelow(workflow: Workflow, objective: Objective, burn: BurnWindow): readonly string[] {
  const threshold = burn.factor * (1 - objective.targetRatio);
  if (threshold < 1) return [];
  const least = 1 - 1 / burn.factor;
  return [
    `the burn alert "${burn.name}" can never fire for "${workflow.name}": ${plainNumber(burn.factor)} times the error budget of ` +
      `"${objective.name}" is more than every run; it needs a target above ${plainNumber(Math.ceil(least * 10_000) / 100)}%`,
  ];
}

function tooFewRuns(workflow: Workflow, burn: BurnWindow, minimum: number): readonly string[] {
  const runs = Math.floor((burn.longSeconds * 1_000) / workflow.schedule.intervalMs);
  if (runs >= minimum) return [];
  return [
    `the burn alert "${burn.name}" can never fire for "${workflow.name}": its long window holds ${runs} runs, and ` +
      `alerting.minimumMissedRuns asks for ${minimum} missed ones`,
  ];
}
