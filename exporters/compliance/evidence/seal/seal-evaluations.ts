import { SealRefused } from '../../../runtime/sealing/errors.js';
import type { NoteSigner } from '../../../runtime/sealing/signing/note.js';
import type { EvidenceStore } from '../store/store.js';
import type { SealedEvidence } from './evidence-log.js';
import { evaluationLeaves, keysOf } from './leaves.js';

export interface SealEvaluationsOptions {
  readonly evidence: EvidenceStore;
  readonly sealed: SealedEvidence;
  readonly signers: readonly NoteSigner[];
  readonly now: () => Date;
  readonly signal: AbortSignal;
  /** Most evaluations under one chunk root, which localises damage. */
  readonly maxPerEntry: number;
}

/**
 * Seals what the store holds beyond the log: at least one entry, so that a quiet interval is proven quiet.
 *
 * @returns how many evaluations were sealed.
 * @throws {SealRefused} when the store does not continue where the log ends.
 */
export async function sealEvaluations(options: SealEvaluationsOptions): Promise<number> {
  const { evidence, sealed, signers, now, signal, maxPerEntry } = options;
  const { last } = await evidence.extent();
  if (last < sealed.range.size) {
    throw new SealRefused(
      'missing',
      `the store ends with evaluation ${last}, but ${sealed.range.size} are sealed: it was replaced or rolled back`,
    );
  }
  const before = sealed.range.size;
  do {
    signal.throwIfAborted();
    const size = sealed.range.size;
    const batch = await evidence.read(size, Math.min(maxPerEntry, last - size));
    const isWhole = batch.every(({ number }, index) => number === size + index + 1);
    if (!isWhole || (batch.length === 0 && last > size)) {
      throw new SealRefused('missing', `evaluation ${missingIn(batch, size)} is not in the store and was never sealed`);
    }
    const leaves = evaluationLeaves(batch);
    const growth = sealed.range.append(leaves);
    const draft = {
      kind: 'evaluations' as const,
      first: size + 1,
      count: batch.length,
      chunkRoot: growth.chunkRoot.toString('base64'),
    };
    await sealed.append(
      draft,
      now(),
      signers,
      batch.length === 0 ? undefined : { leaves, keys: keysOf(batch), growth },
    );
  } while (sealed.range.size < last);
  await sealed.settle();
  return sealed.range.size - before;
}

function missingIn(batch: readonly { readonly number: number }[], size: number): number {
  const index = batch.findIndex(({ number }, at) => number !== size + at + 1);
  return size + (index < 0 ? batch.length : index) + 1;
}
