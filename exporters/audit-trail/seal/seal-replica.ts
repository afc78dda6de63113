import { z } from 'zod';
import type { DatabaseAccess } from '../../../pack/index.js';
import {
  type Ask,
  confirmReplica,
  type ProvenServer,
  proveReplica,
  UnprovenReplica,
} from '../../runtime/postgres/replica-proof.js';
import { SealUnavailable } from '../../runtime/sealing/errors.js';
import { SealSession } from './session.js';

const anyRow = z.unknown();
/** Verification is in no hurry: a replica that is late at night is asked again with the next step. */
const WAIT_MS = 5000;

/** Lets a replica prove that it shows what the database holds, by a connection of its own to the database. */
export class SealReplica {
  readonly #access: DatabaseAccess;
  #primary: SealSession | undefined;

  /** @param primary the database that is sealed. */
  constructor(primary: DatabaseAccess) {
    this.#access = primary;
  }

  /** To be called before the snapshot is taken. @throws {SealUnavailable} when it cannot be told. */
  async prove(replica: SealSession, signal: AbortSignal): Promise<ProvenServer> {
    if (this.#primary === undefined || this.#primary.isLost)
      this.#primary = await SealSession.open(this.#access, signal);
    const primary = this.#primary;
    return await withReason(() =>
      proveReplica({
        primary: (work) => work(askOf(primary)),
        replica: (work) => work(askOf(replica)),
        waitMs: WAIT_MS,
        signal,
      }),
    );
  }

  /** To be called first within the snapshot. */
  async confirm(replica: SealSession, server: ProvenServer): Promise<void> {
    await withReason(() => confirmReplica(askOf(replica), server));
  }

  async close(): Promise<void> {
    await this.#primary?.close();
    this.#primary = undefined;
  }
}

function askOf(session: SealSession): Ask {
  return (sql, params = []) => session.rows(sql, anyRow, params);
}

async function withReason<T>(work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    if (!(error instanceof UnprovenReplica)) throw error;
    const [fix] = error.fixes;
    throw new SealUnavailable(fix === undefined ? error.message : `${error.message}; ${fix}`, { cause: error });
  }
}
