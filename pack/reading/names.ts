import type { MapNode } from './source-node.js';

/** Names in a section as written, those of broken entries included; undefined when the section itself is broken. */
export function namesIn(root: MapNode, section: string): readonly string[] | undefined {
  const node = root.entries.get(section)?.node;
  if (node === undefined) {
    return [];
  }
  return node.kind === 'map' ? [...node.entries.keys()] : undefined;
}
