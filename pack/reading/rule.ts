import type { ParsedPack } from '../schema/pack.js';
import type { Reporter } from './reporter.js';
import type { MapNode } from './source-node.js';

export interface Judged {
  /** Without the entries whose shape is wrong: what is said of them has been said. */
  readonly parsed: ParsedPack;
  readonly root: MapNode;
  readonly reporter: Reporter;
}

/** Looks at one thing and reports what is wrong with it. */
export type Rule = (judged: Judged) => void;

/** Names in a section as written, those of broken entries included; undefined when the section itself is broken. */
export function namesIn(root: MapNode, section: string): readonly string[] | undefined {
  const node = root.entries.get(section)?.node;
  if (node === undefined) {
    return [];
  }
  return node.kind === 'map' ? [...node.entries.keys()] : undefined;
}
