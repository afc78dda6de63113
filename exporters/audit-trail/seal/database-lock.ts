import { z } from 'zod';
import { SealHeld } from '../../runtime/sealing/errors.js';
import { sha256 } from '../../runtime/sealing/tree/merkle.js';
import type { SealSession } from './session.js';

const locked = z.object({ locked: z.boolean() });
const holderRow = z.object({ pid: z.int(), client: z.string().nullable() });

/**
 * The server then ends the session of a host that died within a minute, and with it the lock. By default it notices
 * after two hours.
 */
const NOTICE_DEATH = `SELECT set_config('tcp_keepalives_idle', '15', false), set_config('tcp_keepalives_interval', '10', false),
  set_config('tcp_keepalives_count', '3', false), set_config('tcp_user_timeout', '45s', false)`;

const HOLDER = `SELECT l.pid, host(a.client_addr) AS client FROM pg_locks l LEFT JOIN pg_stat_activity a USING (pid)
  WHERE l.locktype = 'advisory' AND l.granted AND l.objsubid = 2
    AND l.database = (SELECT oid FROM pg_database WHERE datname = current_database())
    AND l.classid::bigint = $1::bigint AND l.objid::bigint = $2::bigint`;

/**
 * Held for as long as the session lives, across hosts, and without a transaction id. Behind a pooler no session is ours,
 * and a lock of one would stay with somebody else's: there it is held within each transaction in which rows are read and
 * sealed. So two sealers never write at once, whichever way each of them comes.
 *
 * @throws {SealHeld}
 */
export async function lockInDatabase(session: SealSession, origin: string): Promise<void> {
  const hash = sha256(`kop audit seal ${origin}`);
  const key = [hash.readInt32BE(0), hash.readInt32BE(4)].map(String);
  const place = [hash.readUInt32BE(0), hash.readUInt32BE(4)].map(String);
  const taken = async (lock: string) => {
    const answer = await session.one(`SELECT ${lock}($1::int, $2::int) AS locked`, locked, key);
    if (!answer.locked) throw await heldBy(session, origin, place);
  };
  if (session.isPooled) {
    session.whenBegun(() => taken('pg_try_advisory_xact_lock'));
    return;
  }
  await session.rows(NOTICE_DEATH, z.unknown());
  await taken('pg_try_advisory_lock');
}

async function heldBy(session: SealSession, origin: string, place: readonly string[]): Promise<SealHeld> {
  const [holder] = await session.rows(HOLDER, holderRow, place);
  const from = holder?.client ?? undefined;
  const who =
    holder === undefined ? '' : ` (server process ${holder.pid}${from === undefined ? '' : `, from ${from}`})`;
  return new SealHeld(
    `another sealer of "${origin}" is connected to this database${who}; stop it, or give this one another origin`,
  );
}
