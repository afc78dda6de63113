import { createHash } from 'node:crypto';
import { type MapNode, plain } from './source-node.js';

/** Of what was written, in an order that does not depend on who wrote it first. References are not followed. */
export function digest(root: MapNode): string {
  return createHash('sha256')
    .update(JSON.stringify(sorted(plain(root))))
    .digest('hex');
}

function sorted(value: unknown): unknown {
  if (Array.isArray(value)) {
    return value.map(sorted);
  }
  if (value === null || typeof value !== 'object') {
    return value;
  }
  // Pairs instead of an object: in one, keys that look like numbers would come first whatever the order.
  return Object.entries(value)
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([key, inner]) => [key, sorted(inner)]);
}
