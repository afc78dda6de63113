import type { MapNode } from './source-node.js';

/** Names in a section as written, including those of invalid entries; undefined when the section itself is invalid. */
export function namesIn(root: MapNode, section: string): readonly string[] | undefined {
  const node = root.entries.get(section)?.node;
  if (node === undefined) {
    return [];
  }
  return node.kind === 'map' ? [...node.entries.keys()] : undefined;
}
