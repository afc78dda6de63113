import type { VerificationKind } from '../../../../pack/sealing/model.js';
import { SealRefused } from '../errors.js';
import { type Checkpoint, openCheckpoint } from '../signing/checkpoint.js';
import { NoteError, type NoteVerifier, parseVkey } from '../signing/note.js';
import {
  beforeFirst,
  checkChain,
  checkEvidence,
  type LogEntry,
  type Preceding,
  precedingOf,
  type ReadLine,
  readEntry,
} from './entry.js';
import { readLines } from './log-reader.js';
import { type CommonStatement, isDisposal, type LogKind } from './statement.js';
import type { TrustedState } from './trusted.js';

export interface LogFailure {
  readonly kind: VerificationKind;
  readonly message: string;
}

export interface LogVerification {
  readonly ok: boolean;
  readonly failures: readonly LogFailure[];
  readonly entries: number;
  readonly records: number;
  readonly disposedRecords: number;
  readonly from: string | undefined;
  readonly until: string | undefined;
  /** All keys that signed, in order of their first use: a key that nobody announced is to be asked about. */
  readonly keys: readonly string[];
  /** What to trust from now on; the old state when anything failed. */
  readonly trusted: TrustedState | undefined;
  /** How many checkpoints from elsewhere were found to agree. */
  readonly comparedCheckpoints: number;
}

export interface LogVerifyOptions<S extends CommonStatement> {
  readonly kind: LogKind<S, unknown>;
  /** The log itself, or a copy of it: `log.jsonl` or what a directory anchor holds. Nothing else is needed. */
  readonly path: string;
  readonly origin: string;
  /** Published and pinned by the verifier, not taken from where the log is. */
  readonly keys: readonly NoteVerifier[];
  readonly trusted?: TrustedState;
  /** Signed checkpoints of the same log from elsewhere: anchors, a witness, last year's report. */
  readonly others?: readonly string[];
  readonly signal?: AbortSignal;
  readonly progress?: (entries: number) => void;
}

/** Checks a log by itself: order, sizes, chain, signatures, consistency of each tree with the one before. */
export async function verifyLog<S extends CommonStatement>(options: LogVerifyOptions<S>): Promise<LogVerification> {
  const check = new LogCheck(options);
  try {
    for await (const line of readLines(options.path)) {
      options.signal?.throwIfAborted();
      check.add(line.text, line.isWhole);
      options.progress?.(check.entries);
    }
    check.end();
  } catch (error) {
    // What comes after the first contradiction proves nothing.
    if (!(error instanceof SealRefused)) throw error;
    check.failures.push({ kind: error.kind, message: error.message });
  }
  return check.result();
}

class LogCheck<S extends CommonStatement> {
  readonly failures: LogFailure[] = [];
  readonly #options: LogVerifyOptions<S>;
  readonly #checkKind: (statement: S) => void;
  readonly #seenKeys = new Set<string>();
  /** Checkpoints from elsewhere, until their size is passed. */
  readonly #others: Checkpoint[];
  #keys: readonly NoteVerifier[];
  #preceding: Preceding = beforeFirst;
  #last: ReadLine | undefined;
  #since: string | undefined;
  #disposed = 0;
  readonly #compared = new Set<Checkpoint>();
  #isTrustedMet = false;

  constructor(options: LogVerifyOptions<S>) {
    this.#options = options;
    this.#checkKind = options.kind.check();
    this.#keys = options.keys;
    this.#others = this.#openOthers(options.others ?? []);
  }

  get entries(): number {
    return this.#preceding.seq + 1;
  }

  add(text: string, isWhole: boolean): void {
    const { origin } = this.#options;
    let entry: LogEntry<S>;
    try {
      entry = readEntry(text, this.#options.kind);
    } catch (cause) {
      if (!(cause instanceof NoteError)) throw cause;
      // A sealer may be writing this very line.
      if (!isWhole) return;
      throw new SealRefused('fork', `entry ${this.entries}: ${cause.message}`, { cause });
    }
    checkChain(entry, this.#preceding, origin);
    checkEvidence(entry, this.#preceding, origin, this.#keys);
    if (isDisposal(entry.statement)) this.#disposed += entry.statement.count;
    else this.#checkKind(entry.statement);
    this.#checkTrusted(entry);
    this.#compare(entry);
    // Whoever signed is trusted, and names who may sign from here on.
    this.#keys = entry.statement.keys.map(parseVkey);
    for (const key of entry.statement.keys) this.#seenKeys.add(key);
    this.#since ??= entry.statement.time;
    this.#last = entry;
    this.#preceding = precedingOf(entry);
  }

  end(): void {
    const { trusted, path } = this.#options;
    if (trusted !== undefined && !this.#isTrustedMet) {
      throw new SealRefused(
        'size',
        `${path} ends before entry ${trusted.seq}, which was verified: it was rolled back or cut`,
      );
    }
    const [ahead] = this.#others.filter(({ size }) => size > this.#preceding.size);
    if (ahead !== undefined) {
      throw new SealRefused(
        'size',
        `a signed checkpoint of ${ahead.size} records exists elsewhere, but ${path} has only ${this.#preceding.size}`,
      );
    }
    // Each checkpoint that was ever signed belongs to an entry, so one that fits none is of another history.
    const stray = this.#others.find((other) => !this.#compared.has(other));
    if (stray !== undefined) {
      throw new SealRefused(
        'fork',
        `a signed checkpoint of ${stray.size} records exists elsewhere, but no entry of ${path} ends there: the log was forked`,
      );
    }
  }

  result(): LogVerification {
    const ok = this.failures.length === 0;
    const last = this.#last;
    return {
      ok,
      failures: this.failures,
      entries: this.entries,
      records: this.#preceding.size,
      disposedRecords: this.#disposed,
      from: this.#since,
      until: last?.statement.time,
      keys: [...this.#seenKeys],
      trusted: ok && last !== undefined ? trustedOf(last) : this.#options.trusted,
      comparedCheckpoints: this.#compared.size,
    };
  }

  #checkTrusted({ statement, hash }: ReadLine): void {
    const { trusted } = this.#options;
    if (trusted === undefined || statement.seq !== trusted.seq) return;
    if (hash !== trusted.hash) {
      throw new SealRefused('fork', `entry ${trusted.seq} is not the one that was verified: the log was rewritten`);
    }
    this.#isTrustedMet = true;
  }

  #compare({ statement }: ReadLine): void {
    for (const other of this.#others) {
      if (other.size !== statement.size) continue;
      if (other.root.toString('base64') !== statement.root) {
        throw new SealRefused(
          'fork',
          `a signed checkpoint of ${other.size} records elsewhere has another root: the log was forked`,
        );
      }
      this.#compared.add(other);
    }
  }

  #openOthers(notes: readonly string[]): Checkpoint[] {
    return notes.flatMap((note) => {
      try {
        return [openCheckpoint(note, this.#options.keys, this.#options.origin)];
      } catch (error) {
        if (!(error instanceof NoteError)) throw error;
        this.failures.push({ kind: 'anchor', message: `a checkpoint from elsewhere: ${error.message}` });
        return [];
      }
    });
  }
}

export function trustedOf({ statement, hash }: ReadLine): TrustedState {
  const { origin, seq, size, root, keys } = statement;
  return { origin, seq, size, root, hash, keys: [...keys] };
}
