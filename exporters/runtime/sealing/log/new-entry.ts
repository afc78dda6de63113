import { signCheckpoint } from '../signing/checkpoint.js';
import { type NoteSigner, signNote } from '../signing/note.js';
import type { NewLeaves } from '../tree/leaf-store.js';
import type { CompactRange } from '../tree/merkle.js';
import { consistencyRanges, proofOf } from '../tree/proofs.js';
import type { Preceding } from './entry.js';
import {
  type CommonStatement,
  type DisposalStatement,
  type LogKind,
  parseStatement,
  statementText,
} from './statement.js';

/** A statement without what all have in common, which the store fills in. */
export type Draft<S extends CommonStatement> = S extends CommonStatement
  ? Omit<S, Exclude<keyof CommonStatement, 'kind'>>
  : never;

/** What is said of records that were lawfully disposed of. */
export type DisposalDraft = Draft<DisposalStatement>;

export interface NewEntry<S extends CommonStatement> {
  readonly kind: LogKind<S, unknown>;
  readonly draft: object;
  readonly origin: string;
  readonly time: Date;
  readonly preceding: Preceding;
  /** Of the tree with the new leaves. */
  readonly range: CompactRange;
  readonly signers: readonly NoteSigner[];
  readonly added: NewLeaves | undefined;
}

export function statementOf<S extends CommonStatement>(entry: NewEntry<S>): S | DisposalStatement {
  const { kind, draft, origin, time, preceding, range, signers } = entry;
  return parseStatement(
    statementText({
      ...draft,
      version: 1,
      origin,
      seq: preceding.seq + 1,
      time: time.toISOString(),
      size: range.size,
      root: range.root.toString('base64'),
      prev: preceding.hash,
      keys: signers.map(({ verifier }) => verifier.vkey),
    }),
    kind,
  );
}

/** The line of the log: the signed statement, the signed checkpoint, and that this tree extends the one before. */
export function lineOf<S extends CommonStatement>(entry: NewEntry<S>, statement: S | DisposalStatement): string {
  const { origin, preceding, range, signers, added } = entry;
  const proof =
    added === undefined
      ? []
      : proofOf(consistencyRanges(preceding.size, range.size), (name) => added.growth.node(name));
  return JSON.stringify({
    statement: signNote(statementText(statement), signers),
    checkpoint: signCheckpoint({ origin, size: range.size, root: range.root }, signers),
    consistency: proof.map((hash) => hash.toString('base64')),
  });
}
