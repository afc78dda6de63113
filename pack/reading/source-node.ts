/** A configuration as it was written: plain values, each with its position in the file. */

export interface Origin {
  readonly file: string;
  /** 1-based. */
  readonly line: number;
  /** 1-based. */
  readonly column: number;
}

export type Scalar = string | number | boolean | null;

export interface ScalarNode {
  readonly kind: 'scalar';
  readonly at: Origin;
  readonly value: Scalar;
  /** The characters as written, if they were not in quotes. */
  readonly written?: string;
}

export interface ListNode {
  readonly kind: 'list';
  readonly at: Origin;
  readonly items: readonly SourceNode[];
}

export interface MapNode {
  readonly kind: 'map';
  readonly at: Origin;
  readonly entries: ReadonlyMap<string, Entry>;
}

export interface Entry {
  readonly keyAt: Origin;
  readonly node: SourceNode;
}

export type SourceNode = ScalarNode | ListNode | MapNode;

export type KeyPath = readonly (string | number)[];

/** The value without positions. Maps have no prototype, so that no key has a special meaning. */
export function plain(node: SourceNode): unknown {
  switch (node.kind) {
    case 'scalar':
      return node.value;
    case 'list':
      return node.items.map(plain);
    case 'map': {
      const result: Record<string, unknown> = Object.create(null);
      for (const [key, entry] of node.entries) {
        result[key] = plain(entry.node);
      }
      return result;
    }
  }
}

/** Maps are merged key by key; any other value of the later file replaces the earlier value. */
export function merge(earlier: SourceNode, later: SourceNode): SourceNode {
  return earlier.kind === 'map' && later.kind === 'map' && isSameKind(earlier, later)
    ? mergeMaps(earlier, later)
    : later;
}

/** A later file adds keys, replaces values, and removes a key by setting it to `null`. */
export function mergeMaps(earlier: MapNode, later: MapNode): MapNode {
  const entries = new Map(earlier.entries);
  for (const [key, entry] of later.entries) {
    const before = entries.get(key);
    if (before === undefined) {
      entries.set(key, entry);
    } else if (isNull(entry.node)) {
      entries.delete(key);
    } else {
      entries.set(key, { keyAt: entry.keyAt, node: merge(before.node, entry.node) });
    }
  }
  return { kind: 'map', at: later.at, entries };
}

/** True only for a written `null`: a key without a value remains when all lines below it are commented out. */
export function isNull(node: SourceNode): boolean {
  return node.kind === 'scalar' && node.value === null && node.written !== undefined && node.written !== '';
}

/** The keys of one kind of login or provider have no meaning for another kind. */
export function isSameKind(earlier: MapNode, later: MapNode): boolean {
  const [before, after] = [earlier, later].map((map) => map.entries.get('kind')?.node);
  return before?.kind !== 'scalar' || after?.kind !== 'scalar' || before.value === after.value;
}

/** The node at a path, or undefined where nothing was written. */
export function nodeAt(root: SourceNode, path: KeyPath): SourceNode | undefined {
  let node: SourceNode | undefined = root;
  for (const part of path) {
    node = child(node, part)?.node;
    if (node === undefined) {
      return undefined;
    }
  }
  return node;
}

/** Where the value at a path is written; where it is missing, the nearest key above that exists. */
export function valueOrigin(root: SourceNode, path: KeyPath): Origin {
  return nodeAt(root, path)?.at ?? keyOrigin(root, path.slice(0, -1));
}

/** Where the key at a path is written; where it is missing, the nearest key above that exists. */
export function keyOrigin(root: SourceNode, path: KeyPath): Origin {
  let node = root;
  let origin = root.at;
  for (const part of path) {
    const next = child(node, part);
    if (next === undefined) {
      return origin;
    }
    origin = next.keyAt;
    node = next.node;
  }
  return origin;
}

function child(node: SourceNode, part: string | number): Entry | undefined {
  if (node.kind === 'map') {
    return node.entries.get(String(part));
  }
  if (node.kind === 'list' && typeof part === 'number') {
    const item = node.items[part];
    return item === undefined ? undefined : { keyAt: item.at, node: item };
  }
  return undefined;
}

/** `workflows.client-list.steps[0].path`: how messages name a place. */
export function keyText(path: KeyPath): string {
  return path.reduce<string>((text, part) => {
    if (typeof part === 'number') {
      return `${text}[${part}]`;
    }
    return text === '' ? part : `${text}.${part}`;
  }, '');
}
