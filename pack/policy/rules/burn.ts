import { durationText } from '../../reading/durations.js';
import type { Judged, Rule } from '../../reading/rule.js';

/** Every burn alert has two windows that work together, and can fire for every objective. */
export const burn: Rule = (judged) => {
  const { parsed, reporter } = judged;
  const names = new Map<string, number>();
  parsed.alerting.burn.forEach((alert, index) => {
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
function reachable({ parsed, reporter }: Judged): void {
  for (const [name, objective] of Object.entries(parsed.objectives)) {
    const budget = 1 - objective.target;
    for (const alert of parsed.alerting.burn) {
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
