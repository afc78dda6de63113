import { durationText } from '../../reading/durations.js';
import type { JudgedShared, SharedRule } from '../../shared/rule.js';

/** Every burn alert has a short and a long window, and can fire for every objective. */
export const burn: SharedRule = (judged) => {
  const { shared, reporter } = judged;
  const names = new Map<string, number>();
  shared.alerting.burn.forEach((alert, index) => {
    const path = ['alerting', 'burn', index];
    const earlier = names.get(alert.name);
    if (earlier === undefined) {
      names.set(alert.name, index);
    } else {
      reporter.report([...path, 'name'], `burn alert '${alert.name}' was already described as burn[${earlier}]`, {
        expected: 'a name of its own',
      });
    }
    if (alert.short >= alert.long) {
      reporter.report([...path, 'short'], `${durationText(alert.short)} is not shorter than the long window`, {
        expected: `less than ${durationText(alert.long)}`,
      });
    }
  });
  reachable(judged);
};

/** The share of missed runs never exceeds 1, so neither may the threshold. */
function reachable({ shared, reporter }: JudgedShared): void {
  for (const [name, objective] of Object.entries(shared.objectives)) {
    const budget = 1 - objective.target;
    for (const alert of shared.alerting.burn) {
      if (alert.factor * budget >= 1) {
        reporter.report(
          ['objectives', name, 'target'],
          `alert '${alert.name}' can never fire: it waits for ${percent(alert.factor * budget)} of runs to miss`,
          { expected: `a target above ${percent(1 - 1 / alert.factor)}, or a smaller factor` },
        );
      }
    }
  }
}

function percent(share: number): string {
  return `${Number((share * 100).toFixed(2))}%`;
}
