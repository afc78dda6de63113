import { z } from 'zod';
import { SealUnavailable } from '../../runtime/sealing/errors.js';
import { sha256 } from '../../runtime/sealing/tree/merkle.js';
import type { SealSession } from './session.js';

const locked = z.object({ locked: z.boolean() });

/** Held for as long as the session lives, across hosts, and without a transaction id. */
export async function lockInDatabase(session: SealSession, origin: string): Promise<void> {
  const key = sha256(`kop audit seal ${origin}`);
  const answer = await session.one('SELECT pg_try_advisory_lock($1::int, $2::int) AS locked', locked, [
    String(key.readInt32BE(0)),
    String(key.readInt32BE(4)),
  ]);
  if (!answer.locked) {
    throw new SealUnavailable(
      `another sealer of "${origin}" is connected to this database; stop it, or give this one another origin`,
    );
  }
}
