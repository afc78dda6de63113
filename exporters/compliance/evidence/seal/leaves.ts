import { HASH_BYTES, leafHash } from '../../../runtime/sealing/tree/merkle.js';
import { canonicalText } from '../document.js';
import type { StoredEvaluation } from '../store/store.js';

/** The bytes of a leaf are the RFC 8785 form of the evaluation in UTF-8, and nothing else. */
export function leafOf({ document }: StoredEvaluation): Buffer {
  return leafHash(canonicalText(document));
}

export function evaluationLeaves(evaluations: readonly StoredEvaluation[]): Buffer {
  return Buffer.concat(evaluations.map(leafOf), evaluations.length * HASH_BYTES);
}

/** The key of each leaf: the number of its evaluation, one a line. */
export function keysOf(evaluations: readonly StoredEvaluation[]): Buffer {
  return Buffer.from(evaluations.map(({ number }) => `${number}\n`).join(''), 'utf8');
}
