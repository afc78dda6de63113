import type { Problem } from './problems.js';
import { pack, sections } from './schema/pack.js';
import { type MapNode, mergeMaps, plain, type SourceNode } from './source-node.js';
import { suggest } from './suggest.js';

/**
 * One file on top of those before it. `extends:` says which of their sections are kept; it is of this file alone, so
 * nothing of it is left.
 */
export function inherit(earlier: MapNode | undefined, later: MapNode, problems: Problem[]): MapNode {
  const entries = new Map(later.entries);
  const written = entries.get('extends');
  entries.delete('extends');
  const own: MapNode = { ...later, entries };
  if (written === undefined) return earlier === undefined ? own : mergeMaps(earlier, own);
  const kept = keptSections(written.node, problems);
  const base = new Map([...(earlier?.entries ?? [])].filter(([section]) => kept.has(section)));
  return mergeMaps({ ...later, entries: base }, own);
}

/** The entries of sections that earlier files described and that are not in the whole, such as `workflows.search`. */
export function removedBetween(earlier: MapNode, whole: MapNode): string[] {
  return [...earlier.entries].flatMap(([section, { node }]) => {
    const left = whole.entries.get(section)?.node;
    const names = node.kind === 'map' ? [...node.entries.keys()] : [];
    return names.flatMap((name) => (left?.kind === 'map' && left.entries.has(name) ? [] : [`${section}.${name}`]));
  });
}

function keptSections(node: SourceNode, problems: Problem[]): ReadonlySet<string> {
  const parsed = pack.shape.extends.safeParse(plain(node));
  if (parsed.success) return new Set(parsed.data === 'none' ? [] : parsed.data);
  const wrong = node.kind === 'list' ? node.items.find((item) => !isSection(plain(item))) : node;
  const value = wrong === undefined ? undefined : plain(wrong);
  const didYouMean = suggest(String(value), node.kind === 'list' ? sections : ['none']);
  problems.push({
    ...(wrong ?? node).at,
    key: 'extends',
    message: `${JSON.stringify(value)} is not valid`,
    expected: node.kind === 'list' ? `one of ${sections.join(', ')}` : `none, or a list of ${sections.join(', ')}`,
    ...(didYouMean === undefined ? {} : { didYouMean }),
  });
  return new Set();
}

function isSection(value: unknown): boolean {
  return sections.some((section) => section === value);
}
