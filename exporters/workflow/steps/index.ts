import type { Step } from '../../../pack/workflow/model.js';
import { runHttpStep } from './http.js';
import type { StepContext, StepOutcome } from './step.js';

/** One line for each kind of step. */
export function runStep(step: Step, context: StepContext): Promise<StepOutcome> {
  switch (step.kind) {
    case 'http':
      return runHttpStep(step, context);
  }
}
