import { describeError, type Logger } from '../../runtime/log.js';
import type { EvaluationDocument } from './document.js';
import type { EvidenceStore } from './store/store.js';

/** Evaluations that end at about the same time are written together. */
const GATHER_MS = 200;
const RETRY_MS = 10_000;

interface Waiting {
  readonly document: EvaluationDocument;
  readonly resolve: (kept: boolean) => void;
}

/** Writes evaluations to the store, and knows whether that works. Opening it again is tried while it does not. */
export class EvidenceKeeper {
  readonly #open: () => Promise<EvidenceStore>;
  readonly #log: Logger;
  #store: EvidenceStore | undefined;
  #problem: string | undefined = 'the evidence store is not open yet';
  #waiting: Waiting[] = [];
  #timer: NodeJS.Timeout | undefined;
  #writing: Promise<void> = Promise.resolve();
  #triedAt = Number.NEGATIVE_INFINITY;
  #isStopped = false;

  constructor(open: () => Promise<EvidenceStore>, log: Logger) {
    this.#open = open;
    this.#log = log;
  }

  /** Why evaluations cannot be kept; undefined while they can. */
  get problem(): string | undefined {
    return this.#problem;
  }

  /** Undefined while it cannot be opened. */
  get store(): EvidenceStore | undefined {
    return this.#store;
  }

  async start(): Promise<void> {
    this.#isStopped = false;
    await this.#opened();
  }

  /** @returns whether it is on the disk. */
  keep(document: EvaluationDocument): Promise<boolean> {
    return new Promise((resolve) => {
      this.#waiting.push({ document, resolve });
      this.#timer ??= setTimeout(() => {
        this.#timer = undefined;
        this.#writing = this.#writing.then(() => this.#write());
      }, GATHER_MS);
    });
  }

  async keepDefinition(sha256: string, text: string): Promise<void> {
    try {
      await (await this.#opened())?.keepDefinition(sha256, text);
    } catch (error) {
      this.#failed(error);
    }
  }

  async stop(): Promise<void> {
    this.#isStopped = true;
    clearTimeout(this.#timer);
    this.#timer = undefined;
    await this.#writing;
    await this.#write();
    await this.#store?.close().catch(() => undefined);
    this.#store = undefined;
  }

  async #write(): Promise<void> {
    const batch = this.#waiting;
    this.#waiting = [];
    if (batch.length === 0) return;
    const isKept = await this.#append(batch.map(({ document }) => document));
    for (const { resolve } of batch) resolve(isKept);
  }

  async #append(documents: readonly EvaluationDocument[]): Promise<boolean> {
    try {
      const store = await this.#opened();
      if (store === undefined) return false;
      await store.append(documents);
      if (this.#problem !== undefined) this.#log.info('evaluations are kept', { evaluations: documents.length });
      this.#problem = undefined;
      return true;
    } catch (error) {
      this.#failed(error);
      return false;
    }
  }

  async #opened(): Promise<EvidenceStore | undefined> {
    if (this.#store !== undefined) return this.#store;
    if (this.#isStopped || performance.now() - this.#triedAt < RETRY_MS) return undefined;
    this.#triedAt = performance.now();
    try {
      this.#store = await this.#open();
      this.#problem = undefined;
    } catch (error) {
      this.#failed(error);
    }
    return this.#store;
  }

  #failed(error: unknown): void {
    const reason = describeError(error);
    if (reason !== this.#problem) this.#log.error('evaluations cannot be kept', { reason });
    this.#problem = reason;
  }
}
