import type { Problem } from './problems.js';
import { pack, sections } from './schema/pack.js';
import { isSameKind, type KeyPath, type MapNode, mergeMaps, plain, type SourceNode } from './source-node.js';
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

/** Something that an earlier file says and the whole does not: `extends:` left its section out, or `null` took it away. */
export interface Removal {
  readonly path: KeyPath;
  readonly by: 'extends' | 'null';
}

/** What one file took away: entries such as `workflows.search`, and keys below them such as `portals.main.neverProbe`. */
export function removedBetween(earlier: MapNode, later: MapNode, whole: MapNode): Removal[] {
  return [...earlier.entries].flatMap(([section, { node }]) => {
    const isLeftOut = later.entries.has('extends') && !isKept(later, section);
    const left = whole.entries.get(section)?.node;
    const by = isLeftOut ? 'extends' : 'null';
    if (node.kind !== 'map') return left === undefined ? [{ path: [section], by }] : [];
    // Of a section that is gone the names of its entries say more.
    return removedBelow(node, left?.kind === 'map' ? left : nothing(node), [section]).map((path) => ({ path, by }));
  });
}

/** @returns the topmost keys that are gone; a map that another replaced is not followed. */
function removedBelow(before: MapNode, after: MapNode, path: KeyPath): KeyPath[] {
  return [...before.entries].flatMap(([key, { node }]) => {
    const left = after.entries.get(key)?.node;
    if (left === undefined) return [[...path, key]];
    return node.kind === 'map' && left.kind === 'map' && isSameKind(node, left)
      ? removedBelow(node, left, [...path, key])
      : [];
  });
}

function nothing({ at }: MapNode): MapNode {
  return { kind: 'map', at, entries: new Map() };
}

function isKept(later: MapNode, section: string): boolean {
  const written = later.entries.get('extends');
  return written !== undefined && keptSections(written.node, []).has(section);
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
