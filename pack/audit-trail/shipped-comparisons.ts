import { readFileSync } from 'node:fs';
import { shippedPackPath } from '../reading/shipped.js';
import { plain } from '../reading/source-node.js';
import { parseYaml } from '../reading/yaml-document.js';
import type { Comparison } from './model.js';
import { comparisons } from './schema/comparisons.js';

/** As the version before named them, when they could not be described: they are in the shipped description now. */
export function namedComparisons(names: readonly string[]): readonly Comparison[] {
  const path = shippedPackPath();
  const { root } = parseYaml(path, readFileSync(path, 'utf8'));
  const trails = root?.entries.get('auditTrails')?.node;
  const shipped = trails?.kind === 'map' ? trails.entries.get('kingston')?.node : undefined;
  const written = shipped?.kind === 'map' ? shipped.entries.get('comparisons')?.node : undefined;
  const known = written === undefined ? {} : comparisons.parse(plain(written));
  return names.flatMap((name) => {
    const found = known[name];
    return found === undefined ? [] : [{ name, ...found }];
  });
}
