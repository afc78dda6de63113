import type { Comparison } from './audit-model.js';
import { comparisons } from './schema/audit-comparisons.js';
import { shippedPackPath } from './shipped.js';
import { plain } from './source-node.js';
import { readSource } from './yaml-source.js';

/** As the version before named them, when they could not be described: they are in the shipped description now. */
export function namedComparisons(names: readonly string[]): readonly Comparison[] {
  const { root } = readSource([shippedPackPath()]);
  const trails = root.entries.get('auditTrails')?.node;
  const shipped = trails?.kind === 'map' ? trails.entries.get('kingston')?.node : undefined;
  const written = shipped?.kind === 'map' ? shipped.entries.get('comparisons')?.node : undefined;
  const known = written === undefined ? {} : comparisons.parse(plain(written));
  return names.flatMap((name) => {
    const found = known[name];
    return found === undefined ? [] : [{ name, ...found }];
  });
}
