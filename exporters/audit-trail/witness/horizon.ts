import { setTimeout as sleep } from 'node:timers/promises';
import type { Session } from '../../runtime/postgres/read-only.js';
import type { Place } from './place.js';

/** Longer than the three `wal_writer_delay` that an asynchronous commit takes to reach the disk. */
const PATIENCE_MS = 1000;

/** Places wait for seconds at most; more of them would only make the steps finer. */
const MOST_WAITING = 10;

/**
 * Only what is on disk can be read, and the end of the log may stay in memory for long when nobody commits. So a place
 * waits until the disk has caught up with it, and meanwhile the report does not go further.
 */
export class Horizon {
  #waiting: readonly Place[] = [];

  /** @returns the newest place that can be read up to; undefined while there is none. */
  async reach(session: Session, place: Place, signal: AbortSignal): Promise<Place | undefined> {
    if (this.#waiting.length < MOST_WAITING) this.#waiting = [...this.#waiting, place];
    let reached: Place | undefined;
    for (const deadline = Date.now() + PATIENCE_MS; ; ) {
      const flushed = positionOf(await flushedLsn(session));
      const readable = this.#waiting.filter(({ lsn }) => positionOf(lsn) <= flushed);
      this.#waiting = this.#waiting.filter(({ lsn }) => positionOf(lsn) > flushed);
      reached = readable.at(-1) ?? reached;
      if (this.#waiting.length === 0 || Date.now() > deadline) return reached;
      await sleep(50, undefined, { signal });
    }
  }
}

export async function flushedLsn(session: Session): Promise<string> {
  const [row] = await session.query<{ lsn: string }>('select pg_current_wal_flush_lsn()::text as lsn');
  if (row === undefined) throw new Error('the server told no place in its log');
  return row.lsn;
}

/** `16/B374D848`: two halves of 32 bits, hexadecimal. */
function positionOf(lsn: string): bigint {
  const [high = '0', low = '0'] = lsn.split('/');
  return (BigInt(`0x${high}`) << 32n) | BigInt(`0x${low}`);
}
