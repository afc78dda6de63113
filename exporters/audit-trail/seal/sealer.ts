import { setTimeout as sleep } from 'node:timers/promises';
import type { AuditTrail } from '../../../pack/audit-trail/model.js';
import type { Anchor, Seal } from '../../../pack/sealing/model.js';
import type { Logger } from '../../runtime/log.js';
import type { AnchorTarget } from '../../runtime/sealing/anchors/anchor.js';
import { SealHeld, SealRefused, SealUnavailable } from '../../runtime/sealing/errors.js';
import { FailureCounts } from '../../runtime/sealing/failures.js';
import { Disk } from '../../runtime/sealing/log/disk.js';
import { signersFromPem } from '../../runtime/sealing/signing/keys.js';
import type { NoteVerifier } from '../../runtime/sealing/signing/note.js';
import { lockInDatabase } from './database-lock.js';
import { explainFailure, sealEvidence } from './evidence.js';
import { type OpenedLog, openLog } from './opened-log.js';
import { RollingSteps } from './rolling-steps.js';
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
const RETRY_MS = { first: 1_000, most: 60_000, mostWaiting: 15_000 };
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
  #waitingSince: Date | undefined;
  readonly #rollingSteps: RollingSteps;
  readonly #disk: Disk;
  #opened: OpenedLog | undefined;
  #session: SealSession | undefined;
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
    this.#disk = deps.disk ?? new Disk();
    this.#rollingSteps = new RollingSteps(trail, { log: this.#log, disk: this.#disk, failures: this.#failures });
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
    const { store, rolling } = this.#opened ?? {};
    const anchors = this.#opened?.anchors.statuses ?? [];
    const last = store?.last;
    const oldest = this.#pass?.oldestUnsealed;
    return {
      state: this.#state,
      waitingSince: this.#waitingSince,
      ...sealEvidence({
        state: this.#state,
        reason: this.#reason,
        pass: this.#pass,
        isLate:
          this.#passAt === undefined ||
          now.getTime() - this.#passAt.getTime() > 3 * this.#seal.intervalMs + MAX_PASS_MS,
        verifyProblem: this.#rollingSteps.problem,
        failedChunks: rolling?.status(now).failedChunks ?? [],
        anchors,
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
      anchors,
      verification: rolling?.status(now),
      disposedRecords: store?.index.disposedRecords ?? 0,
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
        // It was logged and counted where it happened.
        // Not in step with another sealer: each would find what the other holds, over and over.
        waitMs = Math.min(retryMs, this.#seal.intervalMs) * (0.5 + Math.random());
        const mostMs = this.#waitingSince === undefined ? RETRY_MS.most : RETRY_MS.mostWaiting;
        retryMs = Math.min(retryMs * 2, mostMs);
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
      const session = await this.#openSession(signal);
      const opened = await this.#open(signers.map(({ verifier }) => verifier));
      const result = await sealPass({
        store: opened.store,
        session,
        records,
        signers,
        maxRowsPerChunk: this.#seal.maxRowsPerChunk,
        maxPassMs: MAX_PASS_MS,
        now: this.#now,
        signal,
        ...(this.#deps.progress === undefined ? {} : { progress: this.#deps.progress }),
      });
      this.#succeed(result, opened);
      return result;
    } catch (error) {
      await this.#fail(error);
      throw error;
    }
  }

  #succeed(result: PassResult, opened: OpenedLog): void {
    if (this.#state !== 'sealing') this.#log.info('sealing', { size: opened.store.range.size });
    this.#state = 'sealing';
    this.#reason = undefined;
    this.#waitingSince = undefined;
    this.#pass = result;
    this.#passAt = this.#now();
    this.#sealedRows += result.rows;
    this.#lateRows += result.lateRows;
    opened.anchors.offer();
  }

  async #fail(error: unknown): Promise<void> {
    if (this.#stopping.signal.aborted) return;
    const message = explainFailure(error, this.#seal.directory);
    const isNews = message !== this.#reason;
    this.#reason = message;
    this.#waitingSince = error instanceof SealHeld ? (this.#waitingSince ?? this.#now()) : undefined;
    // Or two that wait could each hold the lock that the other one needs. What was read of the log is out of date by then.
    if (error instanceof SealHeld) await this.#close();
    if (error instanceof SealRefused) {
      this.#state = 'refused';
      this.#failures.add(error.kind, message);
      // The directory is let go, so that a person can examine, repair, or accept what happened.
      await this.#close();
    } else {
      this.#state = 'error';
      if (this.#session?.isLost) this.#session = undefined;
    }
    if (isNews) this.#log.error('sealing is not possible', { state: this.#state, reason: message });
  }

  async #openSession(signal: AbortSignal): Promise<SealSession> {
    if (this.#session !== undefined && !this.#session.isLost) return this.#session;
    const session = await SealSession.open(this.#trail.database, signal);
    try {
      await lockInDatabase(session, this.#seal.origin);
    } catch (error) {
      await session.close();
      throw error;
    }
    this.#session = session;
    return session;
  }

  async #open(keys: readonly NoteVerifier[]): Promise<OpenedLog> {
    const { anchor } = this.#deps;
    const deps = { log: this.#log, now: this.#now, disk: this.#disk, failures: this.#failures };
    const given = anchor === undefined ? deps : { ...deps, anchor };
    this.#opened ??= await openLog(this.#seal, keys, given, this.#stopping.signal);
    return this.#opened;
  }

  async #verifyOnce(sinceLastMs: number): Promise<readonly ChunkFailure[]> {
    if (this.#opened === undefined) return [];
    return await this.#rollingSteps.take(this.#opened.rolling, sinceLastMs, this.#stopping.signal);
  }

  async #close(): Promise<void> {
    await this.#opened?.anchors.stop();
    await this.#rollingSteps.close();
    await this.#session?.close();
    this.#session = undefined;
    await this.#opened?.store.close();
    this.#opened = undefined;
  }
}

async function pause(ms: number, signal: AbortSignal): Promise<void> {
  await sleep(ms, undefined, { signal }).catch(() => undefined);
}
