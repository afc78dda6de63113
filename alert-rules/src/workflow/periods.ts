import type { Pack } from '../../../pack/index.js';

export interface Period {
  readonly days: number;
  /** Matcher for the workflows that have this period; empty when all have. */
  readonly matcher: string;
}

/**
 * The periods in use. With a single one nothing is selected, so that a new workflow needs no new rules; with several,
 * the commonest takes whatever the others do not name.
 */
export function periods(pack: Pack): readonly Period[] {
  const byDays = new Map<number, string[]>();
  for (const workflow of pack.workflows) {
    const objective = pack.objectives.find((o) => o.name === workflow.objective);
    if (objective === undefined) continue;
    byDays.set(objective.periodDays, [...(byDays.get(objective.periodDays) ?? []), workflow.name]);
  }
  const [commonest, ...others] = [...byDays].sort(([a, an], [b, bn]) => bn.length - an.length || a - b);
  if (commonest === undefined) return [{ days: 30, matcher: '' }];
  const named = others.flatMap(([, names]) => names).sort();
  return [
    { days: commonest[0], matcher: named.length === 0 ? '' : `{workflow!~"${named.join('|')}"}` },
    ...others.map(([days, names]) => ({ days, matcher: `{workflow=~"${names.sort().join('|')}"}` })),
  ];
}
