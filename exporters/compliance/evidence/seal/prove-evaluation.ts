import { z } from 'zod';
import { SealUnavailable } from '../../../runtime/sealing/errors.js';
import { checkInclusion } from '../../../runtime/sealing/proof/inclusion.js';
import { readProofFile } from '../../../runtime/sealing/proof/proof-file.js';
import type { NoteVerifier } from '../../../runtime/sealing/signing/note.js';
import { leafHash } from '../../../runtime/sealing/tree/merkle.js';
import { inclusionRanges, readProof } from '../../../runtime/sealing/tree/proofs.js';
import { canonicalText, type EvaluationDocument, parseEvaluation } from '../document.js';
import type { EvidenceStore } from '../store/store.js';
import type { SealedEvidence } from './evidence-log.js';
import { leafOf } from './leaves.js';

const KOP = 'evidence-proof-1';

const HOW_TO_VERIFY = [
  'checkpoint is a C2SP signed note; check its Ed25519 signature with the published key',
  'its text is origin, tree size and base64 root, one a line',
  'leafHash is SHA-256(0x00 ‖ text); text is the evaluation as JSON in the form of RFC 8785, in UTF-8',
  'path, index and the tree size lead from leafHash to the root as in RFC 6962 section 2.1.1',
] as const;

const proofDocument = z.object({
  kop: z.literal(KOP),
  origin: z.string(),
  text: z.string(),
  leafHash: z.string(),
  index: z.int().nonnegative(),
  path: z.array(z.string()),
  checkpoint: z.string(),
  sealed: z.object({ entry: z.int(), time: z.string() }),
  howToVerify: z.array(z.string()),
});
export type EvidenceProof = z.infer<typeof proofDocument>;

/** The part that is checked; nothing depends on the rest. */
const checkedPart = proofDocument.omit({ sealed: true, howToVerify: true });

/**
 * A document with which a third party can check that this evaluation is under the newest checkpoint.
 *
 * @throws {SealUnavailable} when it is not sealed, or is not as it was sealed.
 */
export async function proveEvaluation(
  evidence: EvidenceStore,
  sealed: SealedEvidence,
  number: number,
): Promise<EvidenceProof> {
  const { last } = sealed;
  if (last === undefined) throw new SealUnavailable('nothing is sealed yet');
  const index = number - 1;
  if (index < 0 || index >= last.statement.size) throw new SealUnavailable(`evaluation ${number} is not sealed yet`);
  const entry = sealed.index.entryOfLeaf(index);
  if (sealed.index.isDisposed(entry)) {
    throw new SealUnavailable(`entry ${entry} was disposed of; its evaluations can no longer be proven`);
  }
  const [found] = await evidence.read(index, 1);
  const leaf = await sealed.node({ level: 0, index });
  if (found?.number !== number || !leafOf(found).equals(leaf)) {
    throw new SealUnavailable(`evaluation ${number} is not as it was sealed in entry ${entry}; verify the evidence`);
  }
  const path = await readProof(inclusionRanges(index, last.statement.size), sealed.node);
  return {
    kop: KOP,
    origin: sealed.origin,
    text: canonicalText(found.document),
    leafHash: leaf.toString('base64'),
    index,
    path: path.map((hash) => hash.toString('base64')),
    checkpoint: last.line.checkpoint,
    sealed: { entry, time: (await sealed.entry(entry)).statement.time },
    howToVerify: [...HOW_TO_VERIFY],
  };
}

export type EvidenceProofResult =
  | { readonly ok: true; readonly size: number; readonly evaluation: EvaluationDocument }
  | { readonly ok: false; readonly reason: string };

/**
 * Needs the file and the published key, nothing else.
 *
 * @throws {NoProof} when the file is no proof of this kind.
 */
export function verifyEvidenceProof(bytes: Uint8Array, keys: readonly NoteVerifier[]): EvidenceProofResult {
  const { document, error } = readProofFile(bytes, KOP);
  if (error !== undefined) return { ok: false, reason: error };
  const parsed = checkedPart.safeParse(document);
  if (!parsed.success) return { ok: false, reason: `this is no proof document: ${z.prettifyError(parsed.error)}` };
  const { text } = parsed.data;
  if (leafHash(text).toString('base64') !== parsed.data.leafHash) {
    return { ok: false, reason: 'the text does not hash to leafHash: it is not the evaluation that was sealed' };
  }
  const proven = checkInclusion(parsed.data, keys);
  if (!proven.ok) return proven;
  const evaluation = evaluationIn(text);
  return evaluation === undefined
    ? { ok: false, reason: 'the text that is proven is no evaluation' }
    : { ok: true, size: proven.size, evaluation };
}

function evaluationIn(text: string): EvaluationDocument | undefined {
  try {
    return parseEvaluation(JSON.parse(text));
  } catch {
    return undefined;
  }
}
