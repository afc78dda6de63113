import { setTimeout as sleep } from 'node:timers/promises';
import type { Anchor, Seal } from '../../../../pack/sealing/model.js';
import { errorCode } from '../../../runtime/error-code.js';
import { describeError, type Logger } from '../../../runtime/log.js';
import type { AnchorTarget } from '../../../runtime/sealing/anchors/anchor.js';
import { AnchorSet } from '../../../runtime/sealing/anchors/anchor-set.js';
import type { AnchorStatus } from '../../../runtime/sealing/anchors/anchoring.js';
import { SealRefused } from '../../../runtime/sealing/errors.js';
import { FailureCounts } from '../../../runtime/sealing/failures.js';
import { signersFromPem } from '../../../runtime/sealing/signing/keys.js';
import type { NoteSigner, NoteVerifier } from '../../../runtime/sealing/signing/note.js';
import { reasonOf } from '../../../runtime/state/index.js';
import { disposeExpiredSealed } from '../retention.js';
import type { EvidenceStore } from '../store/store.js';
import { openSealedEvidence, type SealedEvidence } from './evidence-log.js';
import { sealEvaluations } from './seal-evaluations.js';

export interface EvidenceSealerDeps {
  readonly log: Logger;
  readonly now?: () => Date;
  /** Evaluations that are older are disposed of, with a signed statement. */
  readonly retentionDays: number;
  readonly onSecret?: (secret: string) => void;
  readonly anchor?: (anchor: Anchor, origin: string) => AnchorTarget;
}

export interface EvidenceSealStatus {
  /** `refused`: the evidence contradicts itself, and nothing is added until a person has acted. */
  readonly state: 'starting' | 'sealing' | 'error' | 'refused' | 'stopped';
  readonly reason: string | undefined;
  readonly checkpoint: { readonly seq: number; readonly size: number; readonly at: Date } | undefined;
  readonly anchors: readonly AnchorStatus[];
  readonly failures: ReturnType<FailureCounts['all']>;
}

const RETAIN_EVERY_MS = 3_600_000;
const RETRY_MS = { first: 1_000, most: 60_000 };

interface Opened {
  readonly sealed: SealedEvidence;
  readonly anchors: AnchorSet;
}

/** Seals the evaluations of a store, interval by interval. */
export class EvidenceSealer {
  readonly #seal: Seal;
  readonly #evidence: EvidenceStore;
  readonly #deps: EvidenceSealerDeps;
  readonly #now: () => Date;
  readonly #failures = new FailureCounts();
  readonly #stopping = new AbortController();
  #state: EvidenceSealStatus['state'] = 'starting';
  #reason: string | undefined;
  #opened: Opened | undefined;
  #retainedAt = Number.NEGATIVE_INFINITY;
  #loop: Promise<void> = Promise.resolve();

  constructor(seal: Seal, evidence: EvidenceStore, deps: EvidenceSealerDeps) {
    this.#seal = seal;
    this.#evidence = evidence;
    this.#deps = deps;
    this.#now = deps.now ?? (() => new Date());
  }

  start(): void {
    this.#loop = this.#run();
  }

  /** Resolves when nothing of it runs and the directory is free. What the store holds by then is sealed, if it can be. */
  async stop(): Promise<void> {
    this.#stopping.abort();
    await this.#loop;
    await this.#close();
    this.#state = 'stopped';
    this.#reason = 'the sealer was stopped';
  }

  status(): EvidenceSealStatus {
    const last = this.#opened?.sealed.last?.statement;
    return {
      state: this.#state,
      reason: this.#reason,
      checkpoint: last === undefined ? undefined : { seq: last.seq, size: last.size, at: new Date(last.time) },
      anchors: this.#opened?.anchors.statuses ?? [],
      failures: this.#failures.all(),
    };
  }

  async #run(): Promise<void> {
    const { signal } = this.#stopping;
    let retryMs = RETRY_MS.first;
    while (!signal.aborted) {
      let waitMs = this.#seal.intervalMs;
      if (await this.#pass(signal)) retryMs = RETRY_MS.first;
      else {
        waitMs = Math.min(retryMs, waitMs);
        retryMs = Math.min(2 * retryMs, RETRY_MS.most);
      }
      await sleep(waitMs, undefined, { signal }).catch(() => undefined);
    }
  }

  /** @returns whether it sealed. */
  async #pass(signal: AbortSignal): Promise<boolean> {
    try {
      const pem = this.#seal.key.reveal();
      this.#deps.onSecret?.(pem);
      const signers = signersFromPem(this.#seal.origin, pem);
      this.#opened ??= await this.#open(signers, signal);
      const { sealed, anchors } = this.#opened;
      const maxPerEntry = this.#seal.maxRowsPerChunk;
      await sealEvaluations({ evidence: this.#evidence, sealed, signers, now: this.#now, signal, maxPerEntry });
      await this.#retain(sealed, signers, signal);
      if (this.#state !== 'sealing') this.#deps.log.info('evidence is sealed', { size: sealed.range.size });
      this.#state = 'sealing';
      this.#reason = undefined;
      anchors.offer();
      return true;
    } catch (error) {
      await this.#fail(error, signal);
      return false;
    }
  }

  /** What is not sealed yet is not disposed of. */
  async #retain(sealed: SealedEvidence, signers: readonly NoteSigner[], signal: AbortSignal): Promise<void> {
    const now = this.#now();
    if (now.getTime() - this.#retainedAt < RETAIN_EVERY_MS) return;
    const { retentionDays } = this.#deps;
    await disposeExpiredSealed({ evidence: this.#evidence, sealed, signers, retentionDays, now, signal });
    this.#retainedAt = now.getTime();
  }

  async #open(signers: readonly NoteSigner[], signal: AbortSignal): Promise<Opened> {
    const { directory, origin } = this.#seal;
    const { log } = this.#deps;
    const keys: readonly NoteVerifier[] = signers.map(({ verifier }) => verifier);
    const sealed = await openSealedEvidence({ directory, origin, keys, log });
    try {
      const deps = { ...this.#deps, now: this.#now, failures: this.#failures };
      return { sealed, anchors: await AnchorSet.open(sealed, this.#seal, deps, signal) };
    } catch (error) {
      await sealed.close();
      throw error;
    }
  }

  async #fail(error: unknown, signal: AbortSignal): Promise<void> {
    if (signal.aborted) return;
    const message = errorCode(error) === undefined ? describeError(error) : reasonOf(error);
    const isNews = message !== this.#reason;
    this.#reason = message;
    this.#state = error instanceof SealRefused ? 'refused' : 'error';
    if (error instanceof SealRefused) {
      this.#failures.add(error.kind, message);
      // The directory is let go, so that a person can examine it.
      await this.#close();
    }
    if (isNews) this.#deps.log.error('evidence cannot be sealed', { state: this.#state, reason: message });
  }

  async #close(): Promise<void> {
    const opened = this.#opened;
    this.#opened = undefined;
    await opened?.anchors.stop();
    await opened?.sealed.close();
  }
}
