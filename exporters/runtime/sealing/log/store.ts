import { join } from 'node:path';
import { type Logger, silentLogger } from '../../log.js';
import { SealRefused } from '../errors.js';
import { NoteError, type NoteSigner, type NoteVerifier } from '../signing/note.js';
import type { LeafFile } from '../tree/leaf-file.js';
import { LeafStore, type NewLeaves } from '../tree/leaf-store.js';
import { CompactRange, cover, type NodeName } from '../tree/merkle.js';
import { Believer } from './believer.js';
import { Disk } from './disk.js';
import { type LogEntry, type ReadLine, readEntry } from './entry.js';
import { EntryIndex } from './entry-index.js';
import { type LogLock, lockLog } from './lock.js';
import { LogFile } from './log-file.js';
import { readLines } from './log-reader.js';
import { type DisposalDraft, type Draft, lineOf, statementOf } from './new-entry.js';
import type { CommonStatement, LogKind, LogView } from './statement.js';
import { readTrusted, type TrustedState, writeTrusted } from './trusted.js';

export interface StoreOptions<S extends CommonStatement, V> {
  readonly kind: LogKind<S, V>;
  readonly directory: string;
  readonly origin: string;
  /** Believed when there is no trusted state yet. Later the trusted state says who may sign. */
  readonly keys: readonly NoteVerifier[];
  /** Reads beside a running sealer: takes no lock, repairs nothing, passes over an unfinished last line. */
  readonly readOnly?: boolean;
  readonly disk?: Disk;
  readonly log?: Logger;
}

/** What anchors need of a log, whatever it is about. */
export interface SealedLog {
  readonly last: ReadLine | undefined;
  /** Who may sign the next entry. */
  readonly keys: readonly NoteVerifier[];
  entry(seq: number): Promise<ReadLine>;
}

/**
 * The directory of one log:
 *
 *     log.jsonl      one line per entry, append-only; an entry exists when its line is whole
 *     leaves/000/…   leaf hashes and keys of the records of each entry that has any, written before its line
 *     checkpoint     the newest checkpoint, for people and programs; made anew from the log
 *     trusted.json   the last verified state; moves forward only
 *     lock           who seals
 *
 * A domain keeps files of its own beside these.
 */
export class SealStore<S extends CommonStatement, V> implements SealedLog {
  readonly directory: string;
  readonly origin: string;
  readonly index: EntryIndex = new EntryIndex();
  /** What the log's kind keeps in memory of its entries. */
  readonly view: LogView<S> & V;
  readonly #kind: LogKind<S, V>;
  readonly #disk: Disk;
  readonly #log: Logger;
  readonly #isReadOnly: boolean;
  readonly #leaves: LeafStore;
  readonly #file: LogFile<S>;
  #lock: LogLock | undefined;
  #believer: Believer<S>;
  #range = CompactRange.empty;
  #trusted: TrustedState | undefined;

  private constructor(options: StoreOptions<S, V>) {
    this.#kind = options.kind;
    this.view = options.kind.view();
    this.directory = options.directory;
    this.origin = options.origin;
    this.#believer = new Believer(options.origin, options.keys, undefined);
    this.#isReadOnly = options.readOnly ?? false;
    this.#disk = options.disk ?? new Disk();
    this.#leaves = new LeafStore(options.directory, this.#disk, this.index);
    this.#file = new LogFile(options.directory, this.#disk, this.index, options.kind);
    this.#log = options.log ?? silentLogger;
  }

  /**
   * Opens, recovers and checks: the chain of all lines, and signatures and consistency of those after the trusted
   * state. @throws {SealRefused} when the log contradicts itself or the trusted state.
   * @throws {SealUnavailable} when another sealer holds the directory.
   */
  static async open<S extends CommonStatement, V>(options: StoreOptions<S, V>): Promise<SealStore<S, V>> {
    const store = new SealStore(options);
    if (!store.#isReadOnly) {
      await store.#disk.makeDirectory(join(store.directory, 'leaves'));
      store.#lock = await lockLog(store.directory);
    }
    try {
      await store.#load();
    } catch (error) {
      await store.close();
      throw error;
    }
    return store;
  }

  get last(): LogEntry<S> | undefined {
    return this.#believer.last;
  }

  get range(): CompactRange {
    return this.#range;
  }

  /** Who may sign the next entry. */
  get keys(): readonly NoteVerifier[] {
    return this.#believer.keys;
  }

  get trusted(): TrustedState | undefined {
    return this.#trusted;
  }

  get logPath(): string {
    return this.#file.path;
  }

  entry(seq: number): Promise<LogEntry<S>> {
    return this.#file.entry(seq);
  }

  /** Undefined for an entry without rows, and where the file is gone. @throws {SealRefused} when it is damaged. */
  leafFile(seq: number): Promise<LeafFile | undefined> {
    return this.#leaves.file(seq);
  }

  readonly node = (name: NodeName): Promise<Buffer> => this.#leaves.node(name);

  /**
   * Adds an entry: leaf file, then line; when this resolves, both are on the disk. When it rejects, nothing is added
   * and the same can be tried again.
   */
  append(draft: Draft<S>, time: Date, signers: readonly NoteSigner[], added?: NewLeaves): Promise<LogEntry<S>> {
    return this.#append(draft, time, signers, added);
  }

  /** Adds the entry that says that records were disposed of; `forgetLeaves` does it. */
  appendDisposal(draft: DisposalDraft, time: Date, signers: readonly NoteSigner[]): Promise<LogEntry<S>> {
    return this.#append(draft, time, signers, undefined);
  }

  /** Publishes the newest checkpoint beside the log and moves the trusted state up to it. */
  async settle(): Promise<void> {
    if (this.last === undefined) return;
    const { statement, hash, line } = this.last;
    await this.#disk.replace(join(this.directory, 'checkpoint'), line.checkpoint);
    const trusted = {
      origin: this.origin,
      seq: statement.seq,
      size: statement.size,
      root: statement.root,
      hash,
      keys: [...statement.keys],
    };
    await writeTrusted(this.#disk, this.#trustedPath, trusted);
    this.#trusted = trusted;
  }

  /** Removes leaf hashes and record keys of these entries, keeping what the proofs of others rest on. */
  forgetLeaves(first: number, last: number): Promise<void> {
    return this.#leaves.forget(first, last);
  }

  async close(): Promise<void> {
    await this.#lock?.release();
    this.#lock = undefined;
  }

  async #append(
    draft: object,
    time: Date,
    signers: readonly NoteSigner[],
    added: NewLeaves | undefined,
  ): Promise<LogEntry<S>> {
    await this.#mayAppend(signers);
    const range = added === undefined ? this.#range : added.growth.range();
    const { preceding } = this.#believer;
    const made = { kind: this.#kind, draft, origin: this.origin, time, preceding, range, signers, added };
    const statement = statementOf(made);
    if (added !== undefined) await this.#leaves.write(statement.seq, preceding.size, added);
    const raw = lineOf(made, statement);
    const entry = readEntry(raw, this.#kind);
    this.#believer.checkOwn(entry);
    // Once more, because writing the leaves takes its time, and another sealer may have counted us as dead meanwhile.
    await this.#lock?.check();
    await this.#file.append(entry, raw);
    this.view.add(entry.statement);
    this.#believer.take(entry);
    this.#range = range;
    return entry;
  }

  get #trustedPath(): string {
    return join(this.directory, 'trusted.json');
  }

  async #load(): Promise<void> {
    this.#trusted = await readTrusted(this.#disk, this.#trustedPath);
    this.#believer = new Believer(this.origin, this.keys, this.#trusted);
    for await (const line of readLines(this.logPath)) {
      const entry = this.#parse(line.text);
      if (!line.isWhole || entry === undefined) {
        await this.#discardTail(line.offset);
        break;
      }
      this.#believer.read(entry);
      this.#file.take(entry, line.offset, line.bytes);
      this.view.add(entry.statement);
    }
    this.#believer.end(this.logPath);
    if (this.#isReadOnly) return;
    this.#range = await this.#readRange(this.last?.statement.size ?? 0);
    await this.#finishDisposals();
    await this.#removeLeftovers();
    await this.settle();
  }

  #parse(text: string): LogEntry<S> | undefined {
    try {
      return readEntry(text, this.#kind);
    } catch (error) {
      if (error instanceof NoteError) return undefined;
      throw error;
    }
  }

  async #discardTail(offset: number): Promise<void> {
    const bytes = await this.#file.unfinishedTail(offset, this.#trusted?.seq ?? -1);
    if (this.#isReadOnly) return;
    this.#log.warn('discarding the unfinished last line of the seal log', { path: this.logPath, bytes });
    await this.#file.truncate(offset);
  }

  async #readRange(size: number): Promise<CompactRange> {
    const hashes: Buffer[] = [];
    for (const name of cover(0, size)) hashes.push(await this.node(name));
    const range = CompactRange.of(size, hashes);
    if (this.last !== undefined && range.root.toString('base64') !== this.last.statement.root) {
      throw new SealRefused('chunk', `the leaf files in ${this.directory} do not lead to the root of the newest entry`);
    }
    return range;
  }

  async #finishDisposals(): Promise<void> {
    const verified = this.#trusted?.seq ?? -1;
    for (const { seq, first, last } of this.index.disposals) if (seq > verified) await this.forgetLeaves(first, last);
  }

  /** A leaf file without a line, and temporary files, are of a step that a crash cut short. */
  async #removeLeftovers(): Promise<void> {
    await this.#disk.remove(join(this.directory, 'checkpoint.tmp'));
    await this.#disk.remove(`${this.#trustedPath}.tmp`);
    await this.#leaves.remove(this.index.length);
  }

  async #mayAppend(signers: readonly NoteSigner[]): Promise<void> {
    if (this.#lock === undefined) throw new Error('this store was opened for reading only');
    await this.#lock.check();
    await this.#file.makeReady();
    if (!signers.some(({ verifier }) => this.keys.some(({ vkey }) => vkey === verifier.vkey))) {
      const expected = this.keys.map(({ name, keyId }) => `${name}+${keyId}`).join(', ');
      throw new SealRefused(
        'signature',
        `the configured seal key is not one that this log trusts (${expected}); to rotate, put the new PEM block before the old one and keep both`,
      );
    }
  }
}
