import { setTimeout as sleep } from 'node:timers/promises';
import { describeError, type Logger } from '../../log.js';
import { type ReadLine, readLine } from '../log/entry.js';
import type { SealedLog } from '../log/store.js';
import { openNote } from '../signing/note.js';
import { AnchorConflict, type AnchoredEntry, type AnchorTarget } from './anchor.js';

export interface AnchorStatus {
  readonly name: string;
  /** When the newest checkpoint of that time reached it; undefined before the first. */
  readonly reachedAt: Date | undefined;
  readonly seq: number | undefined;
  readonly error: string | undefined;
}

export interface AnchoringOptions {
  readonly log: Logger;
  readonly now: () => Date;
  readonly signal: AbortSignal;
  readonly onConflict: (anchor: string, message: string) => void;
  readonly retryMs?: { readonly first: number; readonly most: number };
}

const RETRY_MS = { first: 1_000, most: 300_000 };

/**
 * Sends new entries to one anchor. Sealing never waits for it, and a slow anchor skips to the newest entry. After a failure it
 * tries again, with growing pauses.
 */
export class Anchoring {
  readonly #target: AnchorTarget;
  readonly #store: SealedLog;
  readonly #options: AnchoringOptions;
  #pending: AnchoredEntry | undefined;
  #wake = (): void => undefined;
  #status: AnchorStatus;
  readonly #running: Promise<void>;

  constructor(target: AnchorTarget, store: SealedLog, options: AnchoringOptions) {
    this.#target = target;
    this.#store = store;
    this.#options = options;
    this.#status = { name: target.name, reachedAt: undefined, seq: undefined, error: undefined };
    this.#running = this.#run();
  }

  get status(): AnchorStatus {
    return this.#status;
  }

  offer(entry: ReadLine): void {
    this.#pending = anchored(entry);
    this.#wake();
  }

  /** Resolves when it has ended; `signal` ends it. */
  ended(): Promise<void> {
    return this.#running;
  }

  async #run(): Promise<void> {
    const { signal, retryMs = RETRY_MS } = this.#options;
    let wait = retryMs.first;
    while (!signal.aborted) {
      const entry = this.#pending;
      if (entry === undefined) {
        await this.#nextOffer();
      } else if (await this.#publish(entry)) {
        wait = retryMs.first;
        if (this.#pending === entry) this.#pending = undefined;
      } else {
        await sleep(wait * (0.75 + Math.random() / 2), undefined, { signal }).catch(() => undefined);
        wait = Math.min(wait * 2, retryMs.most);
      }
    }
  }

  #nextOffer(): Promise<void> {
    const { signal } = this.#options;
    return new Promise((resolve) => {
      const done = () => {
        signal.removeEventListener('abort', done);
        resolve();
      };
      this.#wake = done;
      signal.addEventListener('abort', done);
      if (signal.aborted || this.#pending !== undefined) done();
    });
  }

  async #publish(entry: AnchoredEntry): Promise<boolean> {
    const { signal, log, now, onConflict } = this.#options;
    const store = this.#store;
    const missed = async function* (after: number): AsyncGenerator<AnchoredEntry> {
      for (let seq = after + 1; seq <= entry.seq; seq += 1) {
        signal.throwIfAborted();
        yield anchored(await store.entry(seq));
      }
    };
    try {
      await this.#target.publish(entry, missed, signal);
      this.#status = { ...this.#status, reachedAt: now(), seq: entry.seq, error: undefined };
      return true;
    } catch (error) {
      if (signal.aborted) return false;
      const message = describeError(error);
      if (error instanceof AnchorConflict && this.#status.error !== message) onConflict(this.#target.name, message);
      log.warn('an anchor could not be reached', { anchor: this.#target.name, error });
      this.#status = { ...this.#status, error: message };
      return false;
    }
  }
}

function anchored(entry: ReadLine): AnchoredEntry {
  const { statement, line, raw } = entry;
  return { seq: statement.seq, size: statement.size, line: raw, checkpoint: line.checkpoint };
}

export interface Contradiction {
  readonly message: string;
  /** Only entries that our own keys signed contradict the log; anyone may put something else at an anchor. */
  readonly isSigned: boolean;
}

/**
 * Whether the anchor remembers something else than the log says: an attacker who can write to the seal directory can
 * roll back the log and the trusted state together, but not this.
 */
export async function contradiction(
  target: AnchorTarget,
  store: SealedLog,
  signal: AbortSignal,
): Promise<Contradiction | undefined> {
  const last = store.last?.statement.seq ?? -1;
  const line = await target.newest?.(Math.max(last, 0), signal);
  if (line === undefined) return undefined;
  let theirs: ReadLine;
  try {
    theirs = readLine(line);
  } catch (error) {
    return { message: `anchor ${target.name} holds what is no entry: ${describeError(error)}`, isSigned: false };
  }
  const { seq } = theirs.statement;
  if (seq <= last && (await store.entry(seq)).hash === theirs.hash) return undefined;
  const message =
    seq > last
      ? `anchor ${target.name} holds entry ${seq}, but the log ends at ${last}: it was rolled back`
      : `anchor ${target.name} holds another entry ${seq}: the log was forked`;
  return { message, isSigned: isSignedBy(theirs, store) };
}

function isSignedBy(entry: ReadLine, store: SealedLog): boolean {
  try {
    openNote(entry.line.statement, store.keys);
    return true;
  } catch {
    return false;
  }
}
