import type { Pattern } from '../secrets/secret-places.js';

/** Where a `database:` block holds secrets. @param path of the block, below its section. */
export function secretsOfDatabase(path: Pattern): readonly Pattern[] {
  return [
    [...path, 'url'],
    [...path, 'password'],
  ];
}
