import { SealRefused } from '../errors.js';
import { type NoteVerifier, parseVkey } from '../signing/note.js';
import { beforeFirst, checkChain, checkEvidence, type LogEntry, type Preceding, precedingOf } from './entry.js';
import type { CommonStatement } from './statement.js';
import type { TrustedState } from './trusted.js';

/**
 * Checks the entries of a log in order, each against those before it: the chain for every line; signatures and consistency for
 * entries that were not verified yet.
 */
export class Believer<S extends CommonStatement> {
  readonly #origin: string;
  readonly #trusted: TrustedState | undefined;
  #keys: readonly NoteVerifier[];
  #last: LogEntry<S> | undefined;

  /** @param keys believed when there is no trusted state. Otherwise the trusted state says who may sign. */
  constructor(origin: string, keys: readonly NoteVerifier[], trusted: TrustedState | undefined) {
    this.#origin = origin;
    this.#trusted = trusted;
    this.#keys = trusted?.keys.map(parseVkey) ?? keys;
  }

  get last(): LogEntry<S> | undefined {
    return this.#last;
  }

  /** Who may sign the next entry. */
  get keys(): readonly NoteVerifier[] {
    return this.#keys;
  }

  get preceding(): Preceding {
    return this.#last === undefined ? beforeFirst : precedingOf(this.#last);
  }

  /** A line of the log that is read. @throws {SealRefused} */
  read(entry: LogEntry<S>): void {
    const trusted = this.#trusted;
    checkChain(entry, this.preceding, this.#origin);
    if (trusted !== undefined && entry.statement.seq === trusted.seq && entry.hash !== trusted.hash) {
      throw new SealRefused('fork', `entry ${trusted.seq} is not the one that was verified: the log was rewritten`);
    }
    if (trusted === undefined || entry.statement.seq > trusted.seq) {
      checkEvidence(entry, this.preceding, this.#origin, this.#keys);
      this.#keys = entry.statement.keys.map(parseVkey);
    }
    this.#last = entry;
  }

  /** All lines were read. @throws {SealRefused} when the log ends before what was verified. */
  end(path: string): void {
    if (this.#trusted !== undefined && (this.#last?.statement.seq ?? -1) < this.#trusted.seq) {
      throw new SealRefused(
        'size',
        `${path} ends before entry ${this.#trusted.seq}, which was verified: it was rolled back or cut`,
      );
    }
    this.#keys = this.#last?.statement.keys.map(parseVkey) ?? this.#keys;
  }

  /** An entry of this process must verify for others too, before it is published. @throws {SealRefused} */
  checkOwn(entry: LogEntry<S>): void {
    checkChain(entry, this.preceding, this.#origin);
    checkEvidence(entry, this.preceding, this.#origin, this.#keys);
  }

  /** An entry of this process is in the log. */
  take(entry: LogEntry<S>): void {
    this.#last = entry;
    this.#keys = entry.statement.keys.map(parseVkey);
  }
}
