import { openCheckpoint } from '../signing/checkpoint.js';
import { decodeBase64, NoteError, type NoteVerifier } from '../signing/note.js';
import { HASH_BYTES } from '../tree/merkle.js';
import { isIncluded } from '../tree/proofs.js';

/** What every proof document says of its leaf; hashes in base64. */
export interface LeafProof {
  readonly origin: string;
  readonly leafHash: string;
  readonly index: number;
  readonly path: readonly string[];
  /** A C2SP signed note. */
  readonly checkpoint: string;
}

export type InclusionResult =
  | { readonly ok: true; readonly size: number }
  | { readonly ok: false; readonly reason: string };

/** Whether the leaf is under the checkpoint, and one of these keys signed it for this log. */
export function checkInclusion(proof: LeafProof, keys: readonly NoteVerifier[]): InclusionResult {
  const { origin, index, path, checkpoint } = proof;
  const leaf = decodeBase64(proof.leafHash);
  if (leaf?.length !== HASH_BYTES) return { ok: false, reason: 'leafHash is no SHA-256 in base64' };
  try {
    // A key of another name is that of another log.
    const ofThisLog = keys.filter(({ name }) => name === origin);
    const { size, root } = openCheckpoint(checkpoint, ofThisLog, origin);
    const hashes = path.flatMap((hash) => decodeBase64(hash) ?? []);
    if (hashes.length < path.length) return { ok: false, reason: 'the path holds what is no base64' };
    if (isIncluded(leaf, index, size, hashes, root)) return { ok: true, size };
    return { ok: false, reason: `the path does not lead to the root of the checkpoint of ${size} records` };
  } catch (error) {
    if (error instanceof NoteError) return { ok: false, reason: error.message };
    throw error;
  }
}
