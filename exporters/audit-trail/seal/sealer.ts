import { setTimeout as sleep } from 'node:timers/promises';
import type { AuditRecords, AuditTrail, Seal } from '../../../pack/audit-trail/model.js';
import type { Anchor } from '../../../pack/sealing/model.js';
import { describeError, type Logger } from '../../runtime/log.js';
import type { AnchorTarget } from '../../runtime/sealing/anchors/anchor.js';
import { Anchoring, contradiction } from '../../runtime/sealing/anchors/anchoring.js';
import { anchorTarget } from '../../runtime/sealing/anchors/index.js';
import { SealRefused, SealUnavailable } from '../../runtime/sealing/errors.js';
import { FailureCounts } from '../../runtime/sealing/failures.js';
import { Disk } from '../../runtime/sealing/log/disk.js';
import { signersFromPem } from '../../runtime/sealing/signing/keys.js';
import type { NoteVerifier } from '../../runtime/sealing/signing/note.js';
import { type AuditStore, openAuditStore } from './audit-log.js';
import { lockInDatabase } from './database-lock.js';
import { explainFailure, sealEvidence } from './evidence.js';
import { RollingVerifier } from './rolling.js';
import { type PassResult, sealPass } from './seal-pass.js';
import { SealSession } from './session.js';
import type { SealState, SealStatus } from './status.js';
import type { ChunkFailure } from './verify-rows.js';

export interface SealerDeps {
  readonly log: Logger;
  readonly now?: () => Date;
  readonly disk?: Disk;
  readonly anchor?: (anchor: Anchor, origin: string) => AnchorTarget;
  /** The secret that was revealed, for the redactor. */
  readonly onSecret?: (secret: string) => void;
  readonly progress?: (sealed: { readonly rows: number; readonly size: number }) => void;
}

export interface Sealer {
  start(signal?: AbortSignal): void;
  /** Resolves when nothing of it is running and the directory is free. */
  stop(): Promise<void>;
  status(): SealStatus;
  /** One pass now, outside of the schedule; for the command line and for tests. */
  sealNow(): Promise<PassResult>;
  /** One step of the rolling verification now. @returns failures that were not known before. */
  verifyRolling(sinceLastMs?: number): Promise<readonly ChunkFailure[]>;
}

const MAX_PASS_MS = 20_000;
const ANCHOR_START_MS = 10_000;
const RETRY_MS = { first: 1_000, most: 60_000 };
const VERIFY_TICK_MS = { least: 1_000, most: 60_000 };

/** Undefined when the pack does not ask for sealing. */
export function createSealer(trail: AuditTrail, deps: SealerDeps): Sealer | undefined {
  return trail.seal === undefined ? undefined : new TrailSealer(trail, trail.seal, deps);
}

class TrailSealer implements Sealer {
  readonly #trail: AuditTrail;
  readonly #seal: Seal;
  readonly #deps: SealerDeps;
  readonly #log: Logger;
  readonly #now: () => Date;
  readonly #failures = new FailureCounts();
  readonly #stopping = new AbortController();
  #state: SealState = 'starting';
  #reason: string | undefined;
  #store: AuditStore | undefined;
  #rolling: RollingVerifier | undefined;
  #anchorings: readonly Anchoring[] = [];
  #closeAnchors = new AbortController();
  #sealSession: SealSession | undefined;
  #verifySession: SealSession | undefined;
  #verifyProblem: string | undefined;
  #pass: PassResult | undefined;
  #passAt: Date | undefined;
  #sealedRows = 0;
  #lateRows = 0;
  #loops: readonly Promise<void>[] = [];
  /** Passes and verification steps of one kind never overlap. */
  #passing: Promise<unknown> = Promise.resolve();
  #verifying: Promise<unknown> = Promise.resolve();

  constructor(trail: AuditTrail, seal: Seal, deps: SealerDeps) {
    this.#trail = trail;
    this.#seal = seal;
    this.#deps = deps;
    this.#log = deps.log.child({ trail: trail.name });
    this.#now = deps.now ?? (() => new Date());
  }

  start(signal?: AbortSignal): void {
    signal?.addEventListener('abort', () => this.#stopping.abort(), { once: true });
    if (signal?.aborted) this.#stopping.abort();
    this.#loops = [this.#sealLoop(), this.#verifyLoop()];
  }

  async stop(): Promise<void> {
    this.#stopping.abort();
    await Promise.allSettled([...this.#loops, this.#passing, this.#verifying]);
    await this.#close();
    this.#state = 'stopped';
    this.#reason = 'the sealer was stopped';
  }

  sealNow(): Promise<PassResult> {
    const pass = this.#passing.then(
      () => this.#sealOnce(),
      () => this.#sealOnce(),
    );
    this.#passing = pass.catch(() => undefined);
    return pass;
  }

  verifyRolling(sinceLastMs: number = this.#seal.intervalMs): Promise<readonly ChunkFailure[]> {
    const step = this.#verifying.then(
      () => this.#verifyOnce(sinceLastMs),
      () => this.#verifyOnce(sinceLastMs),
    );
    this.#verifying = step.catch(() => undefined);
    return step;
  }

  status(): SealStatus {
    const now = this.#now();
    const last = this.#store?.last;
    const oldest = this.#pass?.oldestUnsealed;
    return {
      state: this.#state,
      ...sealEvidence({
        state: this.#state,
        reason: this.#reason,
        pass: this.#pass,
        isLate:
          this.#passAt === undefined ||
          now.getTime() - this.#passAt.getTime() > 3 * this.#seal.intervalMs + MAX_PASS_MS,
        verifyProblem: this.#verifyProblem,
        failedChunks: this.#rolling?.status(now).failedChunks ?? [],
        anchors: this.#anchorings.map(({ status }) => status),
      }),
      certainty: this.#pass?.shape.format.certainty,
      checkpoint:
        last === undefined
          ? undefined
          : { seq: last.statement.seq, size: last.statement.size, at: new Date(last.statement.time) },
      lastPassAt: this.#passAt,
      sealLagSeconds:
        this.#pass === undefined
          ? undefined
          : oldest === undefined
            ? 0
            : Math.max(0, (now.getTime() - oldest.getTime()) / 1000),
      failures: this.#failures.all(),
      anchors: this.#anchorings.map(({ status }) => status),
      verification: this.#rolling?.status(now),
      disposedRecords: this.#store?.index.disposedRecords ?? 0,
      sealedRows: this.#sealedRows,
      lateRows: this.#lateRows,
    };
  }

  async #sealLoop(): Promise<void> {
    const { signal } = this.#stopping;
    let retryMs = RETRY_MS.first;
    while (!signal.aborted) {
      const started = performance.now();
      let waitMs = this.#seal.intervalMs;
      try {
        const { hasMore } = await this.sealNow();
        retryMs = RETRY_MS.first;
        if (hasMore) waitMs = 0;
      } catch {
        // Said and counted where it happened.
        waitMs = Math.min(retryMs, this.#seal.intervalMs);
        retryMs = Math.min(retryMs * 2, RETRY_MS.most);
      }
      await pause(Math.max(0, waitMs - (performance.now() - started)), signal);
    }
  }

  async #verifyLoop(): Promise<void> {
    const { signal } = this.#stopping;
    const tickMs = Math.min(VERIFY_TICK_MS.most, Math.max(VERIFY_TICK_MS.least, this.#seal.intervalMs));
    let last = performance.now();
    while (!signal.aborted) {
      await pause(tickMs, signal);
      if (signal.aborted) return;
      const now = performance.now();
      await this.verifyRolling(now - last).catch(() => undefined);
      last = now;
    }
  }

  async #sealOnce(): Promise<PassResult> {
    const { signal } = this.#stopping;
    try {
      signal.throwIfAborted();
      const { records } = this.#trail;
      if (records === undefined) throw new SealUnavailable('this portal has no audit records that could be sealed');
      const pem = this.#seal.key.reveal();
      this.#deps.onSecret?.(pem);
      const signers = signersFromPem(this.#seal.origin, pem);
      const session = await this.#openSealSession(signal);
      const store = await this.#openStore(signers.map(({ verifier }) => verifier));
      const result = await sealPass({
        store,
        session,
        records,
        signers,
        maxRowsPerChunk: this.#seal.maxRowsPerChunk,
        maxPassMs: MAX_PASS_MS,
        now: this.#now,
        signal,
        ...(this.#deps.progress === undefined ? {} : { progress: this.#deps.progress }),
      });
      this.#succeed(result, store);
      return result;
    } catch (error) {
      await this.#fail(error);
      throw error;
    }
  }

  #succeed(result: PassResult, store: AuditStore): void {
    if (this.#state !== 'sealing') this.#log.info('sealing', { size: store.range.size });
    this.#state = 'sealing';
    this.#reason = undefined;
    this.#pass = result;
    this.#passAt = this.#now();
    this.#sealedRows += result.rows;
    this.#lateRows += result.lateRows;
    if (store.last !== undefined) for (const anchoring of this.#anchorings) anchoring.offer(store.last);
  }

  async #fail(error: unknown): Promise<void> {
    if (this.#stopping.signal.aborted) return;
    const message = explainFailure(error, this.#seal.directory);
    const isNews = message !== this.#reason;
    this.#reason = message;
    if (error instanceof SealRefused) {
      this.#state = 'refused';
      this.#failures.add(error.kind, message);
      // The directory is let go, so that a person can look, mend, or accept what happened.
      await this.#close();
    } else {
      this.#state = 'error';
      if (this.#sealSession?.isLost) this.#sealSession = undefined;
    }
    if (isNews) this.#log.error('sealing is not possible', { state: this.#state, reason: message });
  }

  async #openSealSession(signal: AbortSignal): Promise<SealSession> {
    if (this.#sealSession !== undefined && !this.#sealSession.isLost) return this.#sealSession;
    const session = await SealSession.open(this.#trail.database, signal);
    try {
      await lockInDatabase(session, this.#seal.origin);
    } catch (error) {
      await session.close();
      throw error;
    }
    this.#sealSession = session;
    return session;
  }

  async #openStore(keys: readonly NoteVerifier[]): Promise<AuditStore> {
    if (this.#store !== undefined) return this.#store;
    const { directory, origin, verifyWithinMs, anchors } = this.#seal;
    const disk = this.#deps.disk ?? new Disk();
    const store = await openAuditStore({ directory, origin, keys, disk, log: this.#log });
    try {
      const targets = anchors.map((anchor) => (this.#deps.anchor ?? anchorTarget)(anchor, origin));
      await this.#askAnchors(targets, store);
      const rolling = new RollingVerifier(store, verifyWithinMs);
      for (const failure of await rolling.load(disk)) this.#report(failure, 'sealed records were not as they were');
      this.#rolling = rolling;
      this.#closeAnchors = new AbortController();
      this.#anchorings = targets.map(
        (target) =>
          new Anchoring(target, store, {
            log: this.#log,
            now: this.#now,
            signal: this.#closeAnchors.signal,
            onConflict: (name, message) => {
              if (this.#failures.add('anchor', message))
                this.#log.error('an anchor contradicts the log', { anchor: name, message });
            },
          }),
      );
    } catch (error) {
      await store.close();
      throw error;
    }
    this.#store = store;
    return store;
  }

  /** Before anything is added to a log that may have been rolled back. One that does not answer holds up nothing. */
  async #askAnchors(targets: readonly AnchorTarget[], store: AuditStore): Promise<void> {
    const signal = AbortSignal.any([this.#stopping.signal, AbortSignal.timeout(ANCHOR_START_MS)]);
    const answers = await Promise.allSettled(targets.map((target) => contradiction(target, store, signal)));
    for (const [at, answer] of answers.entries()) {
      const anchor = targets[at]?.name;
      if (answer.status === 'rejected') this.#log.warn('an anchor does not answer', { anchor, error: answer.reason });
      else if (answer.value?.isSigned) throw new SealRefused('anchor', answer.value.message);
      else if (answer.value !== undefined && this.#failures.add('anchor', answer.value.message)) {
        this.#log.error('an anchor holds what nobody here signed', { anchor, message: answer.value.message });
      }
    }
  }

  async #verifyOnce(sinceLastMs: number): Promise<readonly ChunkFailure[]> {
    const { signal } = this.#stopping;
    const store = this.#store;
    const rolling = this.#rolling;
    if (store === undefined || rolling === undefined) return [];
    try {
      if (this.#verifySession === undefined || this.#verifySession.isLost) {
        this.#verifySession = await SealSession.open(this.#verifyAccess, signal);
      }
      const isReplica = this.#verifyAccess !== this.#trail.database;
      const found: ChunkFailure[] = [];
      try {
        await rolling.tick(this.#verifySession, {
          signal,
          sinceLastMs,
          isReplica,
          onFailure: (failure) => {
            found.push(failure);
            this.#report(failure, 'sealed records are not as they were');
          },
          onEnded: (failure) => this.#withdraw(failure),
        });
      } finally {
        await rolling.save(this.#deps.disk ?? new Disk());
      }
      this.#verifyProblem = undefined;
      return found;
    } catch (error) {
      if (signal.aborted) return [];
      const message = describeError(error);
      if (error instanceof SealRefused) this.#failures.add(error.kind, message);
      if (this.#verifyProblem !== message) this.#log.warn('sealed records could not be verified', { error });
      this.#verifyProblem = message;
      throw error;
    }
  }

  /** A replica can say nothing about tables that are read by time: how far behind it is, is not exactly known. */
  get #verifyAccess(): AuditTrail['database'] {
    const { replica, database, records } = this.#trail;
    return replica !== undefined && isExact(records) ? replica : database;
  }

  #report({ kind, seq, expected, found, changed, missing, added, isLocalised }: ChunkFailure, message: string): void {
    if (!this.#failures.add(kind, `entry ${seq}`)) return;
    // Keys stay out of the log; `kop audit verify` names them.
    const counts = { changed: changed.length, missing: missing.length, added: added.length };
    this.#log.error(message, { entry: seq, sealed: expected, found, ...(isLocalised ? counts : {}) });
  }

  /** Its records are as they were sealed, or were disposed of: it is no open failure any more. */
  #withdraw({ kind, seq }: ChunkFailure): void {
    this.#failures.withdraw(kind, `entry ${seq}`);
    this.#log.info('sealed records that had failed are as they were, or disposed of', { entry: seq });
  }

  async #close(): Promise<void> {
    this.#closeAnchors.abort();
    await Promise.allSettled(this.#anchorings.map((anchoring) => anchoring.ended()));
    await this.#verifySession?.close();
    await this.#sealSession?.close();
    this.#verifySession = undefined;
    this.#sealSession = undefined;
    await this.#store?.close();
    this.#store = undefined;
    this.#rolling = undefined;
    this.#anchorings = [];
  }
}

function isExact(records: AuditRecords | undefined): boolean {
  return records?.columns.transaction !== undefined;
}

async function pause(ms: number, signal: AbortSignal): Promise<void> {
  await sleep(ms, undefined, { signal }).catch(() => undefined);
}
