import type { Family, Sample } from './family.js';

export interface Merged {
  readonly families: readonly Family[];
  /** What was left out because the page would otherwise have been invalid; for the log. */
  readonly conflicts: readonly string[];
}

/**
 * One family per name and one series per label set, as both formats require: Prometheus discards a whole page because
 * of one repeated series. Families with the same declaration are joined; of contradicting ones, the first stays.
 */
export function mergeFamilies(families: Iterable<Family>): Merged {
  const merged = new Map<string, Family>();
  const conflicts: string[] = [];
  for (const next of families) {
    const { name } = next.decl;
    const known = merged.get(name);
    if (known === undefined) {
      merged.set(name, next);
    } else if (known.decl !== next.decl && !sameDeclaration(known, next)) {
      conflicts.push(`${name} is exposed twice with another type, unit or help text; the second is left out`);
    } else {
      merged.set(name, { decl: known.decl, samples: [...known.samples, ...next.samples] });
    }
  }
  for (const [name, family] of merged) {
    const { samples, repeated } = distinct(family.samples);
    if (repeated.length === 0) continue;
    merged.set(name, { decl: family.decl, samples });
    for (const labels of repeated) conflicts.push(`${name}{${labels}} is exposed twice; the second is left out`);
  }
  return { families: [...merged.values()], conflicts };
}

function sameDeclaration(a: Family, b: Family): boolean {
  return a.decl.type === b.decl.type && a.decl.unit === b.decl.unit && a.decl.help === b.decl.help;
}

function distinct(samples: readonly Sample[]): { samples: readonly Sample[]; repeated: readonly string[] } {
  const seen = new Set<string>();
  const repeated: string[] = [];
  const kept = samples.filter(({ labels }) => {
    if (seen.has(labels)) {
      repeated.push(labels);
      return false;
    }
    seen.add(labels);
    return true;
  });
  return { samples: kept, repeated };
}
