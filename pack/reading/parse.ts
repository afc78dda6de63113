import type { z } from 'zod';
import { type ParsedPack, pack } from '../schema/pack.js';
import type { Reporter } from './reporter.js';
import { reportIssues } from './schema-problems.js';
import { type MapNode, plain } from './source-node.js';

/**
 * Reads the shape. What has problems is reported and left out, so that the rules can still judge the rest: an
 * operator sees everything at once.
 *
 * @returns undefined when too little is left to judge.
 */
export function parse(root: MapNode, reporter: Reporter): ParsedPack | undefined {
  const written = pack.safeParse(plain(root));
  if (written.success) {
    return withoutPrototypes(written.data);
  }
  reportIssues(written.error.issues, root, reporter);
  const left = pack.safeParse(plain(without(root, written.error.issues)));
  return left.success ? withoutPrototypes(left.data) : undefined;
}

/** Names are the operator's: a portal called `constructor` that is not described must not be found in `Object`. */
function withoutPrototypes<T>(value: T): T {
  if (typeof value !== 'object' || value === null) {
    return value;
  }
  for (const inner of Object.values(value)) {
    withoutPrototypes(inner);
  }
  return Array.isArray(value) ? value : Object.setPrototypeOf(value, null);
}

/** The sections in which an entry stands by itself. */
const sectionsOfEntries = new Set([
  'portals',
  'teams',
  'calendars',
  'objectives',
  'workflows',
  'auditTrails',
  'encryption',
]);

function without(root: MapNode, issues: readonly z.core.$ZodIssue[]): MapNode {
  const entries = new Map(root.entries);
  for (const { code, path, ...issue } of issues) {
    const [section, name] = path.map(String);
    if (section === undefined) {
      for (const key of code === 'unrecognized_keys' && 'keys' in issue ? issue.keys : []) {
        entries.delete(key);
      }
      continue;
    }
    const entry = entries.get(section);
    if (entry === undefined) {
      continue;
    }
    if (name !== undefined && sectionsOfEntries.has(section) && entry.node.kind === 'map') {
      const kept = new Map(entry.node.entries);
      kept.delete(name);
      entries.set(section, { ...entry, node: { ...entry.node, entries: kept } });
    } else {
      entries.delete(section);
    }
  }
  return { ...root, entries };
}
