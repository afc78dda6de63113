import { createHash } from 'node:crypto';
import { type MapNode, plain } from './source-node.js';

/** Digest of what was written, independent of its order. References are not resolved. */
export function digest(root: MapNode): string {
  return digestOfValue(plain(root));
}

/** The same of a JSON value. */
export function digestOfValue(value: unknown): string {
  return createHash('sha256')
    .update(JSON.stringify(sorted(value)))
    .digest('hex');
}

function sorted(value: unknown): unknown {
  if (Array.isArray(value)) {
    return value.map(sorted);
  }
  if (value === null || typeof value !== 'object') {
    return value;
  }
  // Pairs instead of an object, because an object always puts keys that look like numbers first.
  return Object.entries(value)
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([key, inner]) => [key, sorted(inner)]);
}
