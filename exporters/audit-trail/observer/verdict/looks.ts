import { z } from 'zod';
import type { Session } from '../../../runtime/postgres/read-only.js';
import type { DeepReadonly } from '../../deep-readonly.js';

/** A poll of the fast checks, by which transactions can be dated. */
export const lookSchema = z.object({
  /** Milliseconds of our clock, and seconds of the server's. */
  at: z.number(),
  clock: z.number(),
  /** No transaction from here on had an id; every one below `xmin` was over. */
  xmax: z.string(),
  xmin: z.string().optional(),
  /** None with an id from `xmax` on began before this time of the server's clock. Absent where that cannot be seen. */
  begunFrom: z.number().optional(),
});
export type Look = DeepReadonly<z.infer<typeof lookSchema>>;

/** The newest polls are all kept. Of older ones, one every so often, because a transaction may be open for hours. */
const NEWEST = 32;
const OLDER = 96;
const OLDER_EVERY_MS = 600_000;

export function withLook(looks: readonly Look[], look: Look): readonly Look[] {
  const all = [...looks, look];
  const newest = all.slice(-NEWEST);
  const older: Look[] = [];
  for (const each of all.slice(0, -NEWEST)) {
    if (each.at - (older.at(-1)?.at ?? Number.NEGATIVE_INFINITY) >= OLDER_EVERY_MS) older.push(each);
  }
  return [...older.slice(-OLDER), ...newest];
}

/** To be asked before the snapshot of a poll: whatever is open at both moments is seen here, and all else begins later. */
const BEGUN = `
select least(extract(epoch from statement_timestamp()),
             (select extract(epoch from min(a.xact_start)) from pg_stat_activity a
              where a.datname = current_database() and a.pid <> pg_backend_pid()))::float8 as begun
where pg_has_role(current_user, 'pg_read_all_stats', 'usage')`;

/** Undefined where transactions of other roles cannot be seen. */
export async function readBegunFrom(session: Session): Promise<number | undefined> {
  const [row] = await session.query<{ begun: number }>(BEGUN);
  return row?.begun;
}
