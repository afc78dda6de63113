import { readProofFile } from '../../runtime/sealing/proof/proof-file.js';
import type { NoteVerifier } from '../../runtime/sealing/signing/note.js';
import { type ProofResult, verifyProof } from './prove.js';

/**
 * Checks a proof as it was handed over: docs/verify/check_proof.py answers the same of each file.
 *
 * @throws {NoProof}
 */
export function verifyProofFile(bytes: Uint8Array, keys: readonly NoteVerifier[]): ProofResult {
  const { document, error } = readProofFile(bytes, 'audit-proof-1');
  return error === undefined ? verifyProof(document, keys) : { ok: false, reason: error };
}
