import { comparisons } from '../comparisons/index.js';

export function isComparisonName(name: string): name is keyof typeof comparisons {
  return Object.hasOwn(comparisons, name);
}
