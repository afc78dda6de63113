import type { z } from 'zod';
import type { Layout } from './layout.js';
import type { Reporter } from './reporter.js';
import { reportIssues } from './schema-problems.js';
import { type MapNode, plain } from './source-node.js';

/** The sections as they were written, by name. */
export type WrittenSections = Readonly<Record<string, unknown>>;

/**
 * Judges the shape. What has problems is reported and left out, so that the rules can still judge the rest: an
 * operator sees everything at once.
 *
 * @returns what is left, as it was written; undefined when too little is left to judge.
 */
export function judgeShape(
  root: MapNode,
  schema: z.ZodType,
  layout: Layout,
  reporter: Reporter,
): WrittenSections | undefined {
  const whole = sectionsOf(root);
  const written = schema.safeParse(whole);
  if (written.success) return whole;
  reportIssues(written.error.issues, root, reporter, layout.secrets);
  const left = sectionsOf(without(root, written.error.issues, layout));
  return schema.safeParse(left).success ? left : undefined;
}

function sectionsOf(root: MapNode): WrittenSections {
  return Object.fromEntries([...root.entries].map(([name, { node }]) => [name, plain(node)]));
}

/** Reads what has the right shape. */
export function read<Schema extends z.ZodType>(schema: Schema, value: unknown): z.output<Schema> {
  return withoutPrototypes(schema.parse(value));
}

/** The operator chooses names: an undefined portal with the name `constructor` must not be found in `Object`. */
function withoutPrototypes<T>(value: T): T {
  if (typeof value !== 'object' || value === null) {
    return value;
  }
  for (const inner of Object.values(value)) {
    withoutPrototypes(inner);
  }
  return Array.isArray(value) ? value : Object.setPrototypeOf(value, null);
}

function without(root: MapNode, issues: readonly z.core.$ZodIssue[], { sectionsOfEntries }: Layout): MapNode {
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
    if (name !== undefined && sectionsOfEntries.includes(section) && entry.node.kind === 'map') {
      const kept = new Map(entry.node.entries);
      kept.delete(name);
      entries.set(section, { ...entry, node: { ...entry.node, entries: kept } });
    } else {
      entries.delete(section);
    }
  }
  return { ...root, entries };
}
