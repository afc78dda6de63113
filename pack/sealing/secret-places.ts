import type { Pattern } from '../secrets/secret-places.js';

/** Where a `seal:` block holds secrets. @param path of the block, below its section. */
export function secretsOfSeal(path: Pattern): readonly Pattern[] {
  const ofAnchors = ['accessKeyId', 'secretAccessKey', 'token'].map((key) => [...path, 'anchors', '*', key]);
  return [[...path, 'key'], ...ofAnchors];
}
