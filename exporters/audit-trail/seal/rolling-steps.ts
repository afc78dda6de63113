import type { AuditTrail } from '../../../pack/audit-trail/model.js';
import { describeError, type Logger } from '../../runtime/log.js';
import { SealRefused } from '../../runtime/sealing/errors.js';
import type { FailureCounts } from '../../runtime/sealing/failures.js';
import type { Disk } from '../../runtime/sealing/log/disk.js';
import { reportChunk, withdrawChunk } from './chunk-failures.js';
import type { RollingVerifier } from './rolling.js';
import { SealReplica } from './seal-replica.js';
import { SealSession } from './session.js';
import type { ChunkFailure } from './verify-rows.js';

export interface RollingStepDeps {
  readonly log: Logger;
  readonly disk: Disk;
  readonly failures: FailureCounts;
}

/** The steps of the rolling verification of one trail, on a connection of their own. */
export class RollingSteps {
  readonly #trail: AuditTrail;
  readonly #deps: RollingStepDeps;
  readonly #replica: SealReplica | undefined;
  #session: SealSession | undefined;
  #problem: string | undefined;

  constructor(trail: AuditTrail, deps: RollingStepDeps) {
    this.#trail = trail;
    this.#deps = deps;
    this.#replica = this.#access === trail.database ? undefined : new SealReplica(trail.database);
  }

  /** Why the last step verified nothing. */
  get problem(): string | undefined {
    return this.#problem;
  }

  /** @returns failures that were not known before. */
  async take(rolling: RollingVerifier, sinceLastMs: number, signal: AbortSignal): Promise<readonly ChunkFailure[]> {
    const { log, failures } = this.#deps;
    try {
      const found = await this.#tick(rolling, sinceLastMs, signal);
      this.#problem = undefined;
      return found;
    } catch (error) {
      if (signal.aborted) return [];
      const message = describeError(error);
      if (error instanceof SealRefused) failures.add(error.kind, message);
      if (this.#problem !== message) log.warn('sealed records could not be verified', { error });
      this.#problem = message;
      throw error;
    }
  }

  async close(): Promise<void> {
    await this.#replica?.close();
    await this.#session?.close();
    this.#session = undefined;
  }

  async #tick(rolling: RollingVerifier, sinceLastMs: number, signal: AbortSignal): Promise<readonly ChunkFailure[]> {
    const { log, failures, disk } = this.#deps;
    if (this.#session === undefined || this.#session.isLost)
      this.#session = await SealSession.open(this.#access, signal);
    const found: ChunkFailure[] = [];
    try {
      await rolling.tick(this.#session, {
        signal,
        sinceLastMs,
        ...(this.#replica === undefined ? {} : { replica: this.#replica }),
        onFailure: (failure) => {
          found.push(failure);
          reportChunk(failures, log, failure, 'sealed records are not as they were');
        },
        onEnded: (failure) => withdrawChunk(failures, log, failure),
      });
    } finally {
      await rolling.save(disk);
    }
    return found;
  }

  /** A replica can say nothing about tables that are read by time: how far behind it is, is not exactly known. */
  get #access(): AuditTrail['database'] {
    const { replica, database, records } = this.#trail;
    return replica !== undefined && records?.columns.transaction !== undefined ? replica : database;
  }
}
