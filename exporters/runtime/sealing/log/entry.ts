import { SealRefused } from '../errors.js';
import { type Checkpoint, openCheckpoint } from '../signing/checkpoint.js';
import { NoteError, type NoteVerifier, openNote, parseNote } from '../signing/note.js';
import { sha256 } from '../tree/merkle.js';
import { isConsistent } from '../tree/proofs.js';
import {
  type CommonStatement,
  type DisposalStatement,
  isDisposal,
  type LogKind,
  type LogLine,
  parseCommon,
  parseLine,
  parseStatement,
} from './statement.js';

/** One line of the log, read but not yet believed. */
export interface ReadLine<S extends CommonStatement = CommonStatement> {
  readonly raw: string;
  /** SHA-256 of the line, in base64; the next line's `prev`. */
  readonly hash: string;
  readonly line: LogLine;
  readonly statement: S;
}

/** A line of a log whose kind is known. */
export interface LogEntry<S extends CommonStatement> extends ReadLine<S | DisposalStatement> {
  /** How many leaves it adds to the tree. */
  readonly leaves: number;
}

/** What precedes an entry, as far as checking it needs it. */
export interface Preceding {
  readonly seq: number;
  readonly size: number;
  readonly root: Buffer;
  readonly hash: string;
}

export const NOTHING_HASH: string = sha256('').toString('base64');
export const beforeFirst: Preceding = { seq: -1, size: 0, root: sha256(''), hash: NOTHING_HASH };

/** @throws {NoteError} */
export function readEntry<S extends CommonStatement>(raw: string, kind: LogKind<S, unknown>): LogEntry<S> {
  const line = parseLine(raw);
  const statement = parseStatement(parseNote(line.statement).text, kind);
  const leaves = isDisposal(statement) ? 0 : kind.leaves(statement);
  return { raw, hash: sha256(raw).toString('base64'), line, statement, leaves };
}

/** For whoever does not need to know what the log is about. @throws {NoteError} */
export function readLine(raw: string): ReadLine {
  const line = parseLine(raw);
  return {
    raw,
    hash: sha256(raw).toString('base64'),
    line,
    statement: parseCommon(parseNote(line.statement).text),
  };
}

export function precedingOf({ statement, hash }: ReadLine): Preceding {
  return { seq: statement.seq, size: statement.size, root: Buffer.from(statement.root, 'base64'), hash };
}

/** Order, sizes and the chain of lines; no signatures. @throws {SealRefused} */
export function checkChain(
  { statement, leaves }: LogEntry<CommonStatement>,
  preceding: Preceding,
  origin: string,
): void {
  const at = `entry ${statement.seq}`;
  if (statement.origin !== origin) {
    throw new SealRefused('fork', `${at} belongs to "${statement.origin}", not to "${origin}"`);
  }
  if (statement.seq !== preceding.seq + 1) {
    throw new SealRefused('missing', `${at} follows entry ${preceding.seq}: entries are missing or doubled`);
  }
  if (statement.prev !== preceding.hash) {
    throw new SealRefused('fork', `${at} does not follow from entry ${preceding.seq} as it stands in the log`);
  }
  if (statement.size !== preceding.size + leaves) {
    throw new SealRefused(
      'size',
      `${at} states ${statement.size} records, but ${preceding.size} and ${leaves} new ones come before`,
    );
  }
}

/** Signatures by known keys, and the proof that this tree extends the previous one. @throws {SealRefused} */
export function checkEvidence(
  entry: ReadLine,
  preceding: Preceding,
  origin: string,
  known: readonly NoteVerifier[],
): Checkpoint {
  const { statement, line } = entry;
  const at = `entry ${statement.seq}`;
  let checkpoint: Checkpoint;
  try {
    openNote(line.statement, known);
    checkpoint = openCheckpoint(line.checkpoint, known, origin);
  } catch (cause) {
    if (!(cause instanceof NoteError)) throw cause;
    throw new SealRefused('signature', `${at}: ${cause.message}`, { cause });
  }
  if (checkpoint.size !== statement.size || checkpoint.root.toString('base64') !== statement.root) {
    throw new SealRefused('fork', `${at}: checkpoint and statement name different trees`);
  }
  const proof = line.consistency.map((hash) => Buffer.from(hash, 'base64'));
  if (!isConsistent(preceding.size, preceding.root, checkpoint.size, checkpoint.root, proof)) {
    throw new SealRefused(
      'consistency',
      `${at}: its tree of ${checkpoint.size} records does not extend that of ${preceding.size}`,
    );
  }
  return checkpoint;
}
