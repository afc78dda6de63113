import { failureOf } from './failure.js';
import type { ReadOnlyDatabase, Session } from './read-only.js';
import { type Ask, confirmReplica, proveReplica, UnprovenReplica } from './replica-proof.js';

/** Where whole tables are read: a database, or a replica of it that proves itself each time. */
export type HeavyReading = Pick<ReadOnlyDatabase, 'read' | 'close'>;

/** A moment of load must not take the evidence away. */
const WAIT_MS = 3000;

/** Each transaction shows all that the primary had committed when it was asked for, or none is made. */
export class ProvenReplica implements HeavyReading {
  readonly #primary: ReadOnlyDatabase;
  readonly #replica: ReadOnlyDatabase;

  /** @param primary closed by who made it. */
  constructor(primary: ReadOnlyDatabase, replica: ReadOnlyDatabase) {
    this.#primary = primary;
    this.#replica = replica;
  }

  /** @throws {UnprovenReplica} what is not so, or not known; or what `work` and the driver throw. */
  async read<T>(signal: AbortSignal, work: (session: Session) => Promise<T>): Promise<T> {
    const ofReplica = <R>(own: (session: Session) => Promise<R>) =>
      this.#replica.read(signal, own).catch((error: unknown) => {
        signal.throwIfAborted();
        throw asUnproven(error);
      });
    const server = await proveReplica({
      primary: (own) => this.#primary.read(signal, (session) => own(asking(session))),
      replica: (own) => ofReplica((session) => own(asking(session))),
      waitMs: WAIT_MS,
      signal,
    });
    return await ofReplica(async (session) => {
      await confirmReplica(asking(session), server);
      return await work(session);
    });
  }

  close(): Promise<void> {
    return this.#replica.close();
  }
}

function asking(session: Session): Ask {
  return (sql, params) => session.query<Record<string, unknown>>(sql, params);
}

/** So that a replica that cannot be reached is never taken for a database that cannot be. */
function asUnproven(error: unknown): unknown {
  if (error instanceof UnprovenReplica) return error;
  const { kind, reason } = failureOf(error);
  return kind === 'connection'
    ? new UnprovenReplica(`the replica cannot be reached: ${reason}`, { cause: error })
    : error;
}
