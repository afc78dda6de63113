import { z } from 'zod';
import type { SecretPlaces } from '../secrets/secret-places.js';
import type { Problem } from './problems.js';
import { expected, oneOf } from './schema/say.js';
import { mayHoldSecret } from './shown.js';
import {
  isSameKind,
  type KeyPath,
  keyText,
  type ListNode,
  type MapNode,
  mergeMaps,
  nodeAt,
  plain,
  type Scalar,
  type SourceNode,
} from './source-node.js';
import { suggest } from './suggest.js';

/**
 * Merges one file over those before it. `extends:` says which of their sections are kept. It applies to this file only,
 * so the result does not contain it.
 */
export function inherit(
  earlier: MapNode | undefined,
  later: MapNode,
  sections: readonly string[],
  problems: Problem[],
): MapNode {
  const entries = new Map(later.entries);
  const written = entries.get('extends');
  entries.delete('extends');
  const own: MapNode = { ...later, entries };
  if (written === undefined) return earlier === undefined ? own : mergeMaps(earlier, own);
  const kept = keptSections(written.node, sections, problems);
  const base = new Map([...(earlier?.entries ?? [])].filter(([section]) => kept.has(section)));
  return mergeMaps({ ...later, entries: base }, own);
}

/**
 * Something that an earlier file says and the merged description does not: `extends:` left its section out, `null`
 * removed it, or a list without it replaced the earlier list.
 */
export type Removal =
  | { readonly path: KeyPath; readonly by: 'extends' | 'null' }
  | { readonly path: KeyPath; readonly by: 'list'; readonly item: Scalar }
  | { readonly path: KeyPath; readonly by: 'list'; readonly hadItems: number };

/**
 * What one file removed: entries such as `workflows.search`, keys below them, and list items such as in `neverProbe`.
 */
export function removedBetween(
  earlier: MapNode,
  later: MapNode,
  whole: MapNode,
  sections: readonly string[],
): Removal[] {
  return [...earlier.entries].flatMap(([section, { node }]): Removal[] => {
    const isLeftOut = later.entries.has('extends') && !isKept(later, section, sections);
    const left = whole.entries.get(section)?.node;
    const by = isLeftOut ? 'extends' : 'null';
    if (node.kind !== 'map') return left === undefined ? [{ path: [section], by }] : [];
    // For a removed section, the names of its entries say more.
    return removedBelow(node, left?.kind === 'map' ? left : nothing(node), [section], by);
  });
}

/** @returns the topmost keys that were removed; a map that was replaced by another one is not searched. */
function removedBelow(before: MapNode, after: MapNode, path: KeyPath, by: 'extends' | 'null'): Removal[] {
  return [...before.entries].flatMap(([key, { node }]): Removal[] => {
    const left = after.entries.get(key)?.node;
    const below = [...path, key];
    if (left === undefined) return [{ path: below, by }];
    if (node.kind === 'list' && left.kind === 'list')
      return lostItems(node, below).filter((lost) => isLost(lost, left));
    return node.kind === 'map' && left.kind === 'map' && isSameKind(node, left)
      ? removedBelow(node, left, below, by)
      : [];
  });
}

/** Every item as if it were removed. Maps in a list have no names, so only their number is given. */
function lostItems({ items }: ListNode, path: KeyPath): Removal[] {
  const scalars = items.filter((item) => item.kind === 'scalar');
  return scalars.length === items.length
    ? scalars.map(({ value }) => ({ path, by: 'list', item: value }))
    : [{ path, by: 'list', hadItems: items.length }];
}

function isLost(removal: Removal, { items }: ListNode): boolean {
  if ('item' in removal) return !items.some((item) => item.kind === 'scalar' && item.value === removal.item);
  return 'hadItems' in removal && items.length < removal.hadItems;
}

/** Whether no later file adds again what was removed. */
export function isStillRemoved(removal: Removal, whole: MapNode): boolean {
  const node = nodeAt(whole, removal.path);
  if (removal.by !== 'list') return node === undefined;
  return node?.kind === 'list' && isLost(removal, node);
}

/** `workflows.search`, `portals.main.neverProbe (/admin/**)`, `alerting.burn (1 of 3 items)`. */
export function removalText(removal: Removal, whole: MapNode, secrets: SecretPlaces): string {
  const key = keyText(removal.path);
  if ('hadItems' in removal) {
    const node = nodeAt(whole, removal.path);
    const left = node?.kind === 'list' ? node.items.length : 0;
    return `${key} (${removal.hadItems - left} of ${removal.hadItems} items)`;
  }
  if (!('item' in removal)) return key;
  const item = String(removal.item);
  return `${key} (${secrets.has(removal.path) || mayHoldSecret(item, secrets) ? 'an item' : item})`;
}

function nothing({ at }: MapNode): MapNode {
  return { kind: 'map', at, entries: new Map() };
}

function isKept(later: MapNode, section: string, sections: readonly string[]): boolean {
  const written = later.entries.get('extends');
  return written !== undefined && keptSections(written.node, sections, []).has(section);
}

/** What `extends:` may say. */
export function extendsSchema(sections: readonly string[]) {
  return z.union([oneOf(['none']), z.array(oneOf(sections))], {
    error: expected(`none, or a list of ${sections.join(', ')}`),
  });
}

function keptSections(node: SourceNode, sections: readonly string[], problems: Problem[]): ReadonlySet<string> {
  const parsed = extendsSchema(sections).safeParse(plain(node));
  if (parsed.success) return new Set(parsed.data === 'none' ? [] : parsed.data);
  const wrong =
    node.kind === 'list' ? node.items.find((item) => !sections.some((section) => section === plain(item))) : node;
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
