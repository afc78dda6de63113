import type { LeafFile } from '../../../runtime/sealing/tree/leaf-file.js';
import { chunkRootOf, HASH_BYTES } from '../../../runtime/sealing/tree/merkle.js';
import { EvidenceDamaged, type EvidenceStore, type StoredEvaluation } from '../store/store.js';
import type { EvidenceStatement, SealedEvidence } from './evidence-log.js';
import { leafOf } from './leaves.js';
import { StatusChanges } from './status-changes.js';

/** An evaluation that is not as it was sealed. */
export interface AlteredEvaluation {
  readonly number: number;
  /** `changed`: another content; `missing`: not in the store; `unreadable`: what is there is no evaluation. */
  readonly how: 'changed' | 'missing' | 'unreadable';
  /** What the store says now; undefined where it says nothing. */
  readonly found: StoredEvaluation | undefined;
  readonly entry: number;
  readonly sealedAt: string;
}

/** An entry whose evaluations differ, where the leaf hashes that would say which ones are gone. */
export interface AlteredEntry {
  readonly entry: number;
  readonly first: number;
  readonly count: number;
  readonly sealedAt: string;
}

export interface EvaluationsVerification {
  readonly verified: number;
  /** Lawfully disposed of, by a signed statement. */
  readonly disposed: number;
  readonly altered: readonly AlteredEvaluation[];
  readonly alteredEntries: readonly AlteredEntry[];
  /** Numbers of evaluations at which the list of transitions says something else than the evaluations do. */
  readonly alteredTransitions: readonly number[];
  /** In the store, and under no checkpoint yet. */
  readonly unsealed: number;
}

export interface VerifyEvaluationsOptions {
  readonly evidence: EvidenceStore;
  readonly sealed: SealedEvidence;
  readonly signal: AbortSignal;
  readonly progress?: (verified: number, of: number) => void;
}

/** Each sealed evaluation against the store. Signatures and the chain of the log are `verifySealedEvidence`'s matter. */
export async function verifyEvaluations(options: VerifyEvaluationsOptions): Promise<EvaluationsVerification> {
  const { evidence, sealed, signal, progress } = options;
  const altered: AlteredEvaluation[] = [];
  const alteredEntries: AlteredEntry[] = [];
  // Not the range, which a log that is only read does not keep.
  const size = sealed.last?.statement.size ?? 0;
  const changes = new StatusChanges();
  let verified = 0;
  let disposed = 0;
  for (let seq = 0; seq < sealed.index.length; seq += 1) {
    signal.throwIfAborted();
    const { statement } = await sealed.entry(seq);
    if (statement.kind !== 'evaluations') continue;
    if (sealed.index.isDisposed(seq)) {
      disposed += statement.count;
      continue;
    }
    const found = await readEntry(evidence, statement);
    for (const each of found) if (typeof each !== 'string') changes.add(each);
    if (isAsSealed(statement, found)) verified += statement.count;
    else {
      const file = await sealed.leafFile(seq);
      if (file === undefined || !isFileOf(statement, file)) alteredEntries.push(entryOf(statement));
      else {
        const differing = localise(statement, file, found);
        altered.push(...differing);
        verified += statement.count - differing.length;
      }
    }
    progress?.(verified, size);
  }
  const { last } = await evidence.extent();
  const alteredTransitions = await changes.differing(evidence, size);
  return {
    verified,
    disposed,
    altered,
    alteredEntries,
    alteredTransitions,
    unsealed: Math.max(0, last - size),
  };
}

/** What the store says of one evaluation. */
type Found = StoredEvaluation | 'missing' | 'unreadable';

async function readEntry(evidence: EvidenceStore, { first, count }: EvidenceStatement): Promise<readonly Found[]> {
  try {
    return inPlaces(await evidence.read(first - 1, count), first, count);
  } catch (error) {
    if (!(error instanceof EvidenceDamaged)) throw error;
    // One that cannot be read must not hide the others.
    const found: Found[] = [];
    for (let number = first; number < first + count; number += 1) found.push(await readOne(evidence, number));
    return found;
  }
}

async function readOne(evidence: EvidenceStore, number: number): Promise<Found> {
  try {
    const [one] = await evidence.read(number - 1, 1);
    return one?.number === number ? one : 'missing';
  } catch (error) {
    if (error instanceof EvidenceDamaged) return 'unreadable';
    throw error;
  }
}

/** A store where some are missing gives later ones in their place. */
function inPlaces(read: readonly StoredEvaluation[], first: number, count: number): readonly Found[] {
  const byNumber = new Map(read.map((each) => [each.number, each]));
  return Array.from({ length: count }, (_, index) => byNumber.get(first + index) ?? 'missing');
}

function isAsSealed({ first, count, chunkRoot }: EvidenceStatement, found: readonly Found[]): boolean {
  const whole = found.filter((each) => typeof each !== 'string');
  if (whole.length !== count) return false;
  return rootOf(first, Buffer.concat(whole.map(leafOf))) === chunkRoot;
}

function isFileOf({ first, chunkRoot }: EvidenceStatement, { leaves }: LeafFile): boolean {
  return rootOf(first, leaves) === chunkRoot;
}

function rootOf(first: number, leaves: Buffer): string {
  return chunkRootOf(first - 1, leaves).toString('base64');
}

function localise(statement: EvidenceStatement, file: LeafFile, found: readonly Found[]): AlteredEvaluation[] {
  const { first, seq, time } = statement;
  return found.flatMap((each, index): AlteredEvaluation[] => {
    const base = { number: first + index, entry: seq, sealedAt: time };
    if (typeof each === 'string') return [{ ...base, how: each, found: undefined }];
    const leaf = file.leaves.subarray(index * HASH_BYTES, (index + 1) * HASH_BYTES);
    return leafOf(each).equals(leaf) ? [] : [{ ...base, how: 'changed', found: each }];
  });
}

function entryOf({ seq, first, count, time }: EvidenceStatement): AlteredEntry {
  return { entry: seq, first, count, sealedAt: time };
}
