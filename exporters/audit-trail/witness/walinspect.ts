import { failureOf } from '../../runtime/postgres/failure.js';
import { ident } from '../../runtime/postgres/quote.js';
import type { ReadOnlyDatabase, Session } from '../../runtime/postgres/read-only.js';
import { Horizon } from './horizon.js';
import { type KeptPlace, keep, type Standing, standingOf } from './kept.js';
import { Ledger } from './ledger.js';
import { currentPlace, firstXid, sameHistory } from './place.js';
import { type Files, readFiles } from './relations.js';
import type { Witness, WitnessReport } from './report.js';
import { tally } from './tally.js';
import { orForbidden, PlaceLost, Unknowable, unknownReport } from './unknowable.js';
import { readWal } from './wal-query.js';
import { later } from './xid.js';

/** Read at a time. The server holds the description of each record in it. */
const SLICE_BYTES = 16 * 1024 * 1024;

const SOURCE = 'walinspect';

interface Progress extends Standing {
  readonly horizon: Horizon;
  /** Unknown after a restart: files that were replaced meanwhile are then told as unresolved, not guessed. */
  readonly files: Files | undefined;
}

/** Counts committed changes with the extension pg_walinspect (PostgreSQL 15 and later). */
export class WalInspectWitness implements Witness {
  readonly #database: ReadOnlyDatabase;
  #progress: Progress | undefined;

  constructor(database: ReadOnlyDatabase) {
    this.#database = database;
  }

  async poll(signal: AbortSignal): Promise<WitnessReport> {
    const before = this.#progress;
    try {
      if (before === undefined) {
        this.#progress = await this.#start(signal);
        return { state: 'started', from: this.#progress.from.toString() };
      }
      const { report, progress } = await this.#database.look(signal, (session) => advance(session, before, signal));
      this.#progress = progress;
      return report;
    } catch (error) {
      signal.throwIfAborted();
      if (error instanceof PlaceLost) this.#progress = undefined;
      return unknownReport(error);
    }
  }

  resume(kept: KeptPlace): void {
    if (kept.source !== SOURCE) return;
    this.#progress = { ...standingOf(kept), horizon: new Horizon(), files: undefined };
  }

  kept(): KeptPlace | undefined {
    return this.#progress === undefined ? undefined : keep(SOURCE, this.#progress);
  }

  async close(): Promise<void> {
    await this.#database.close();
  }

  async #start(signal: AbortSignal): Promise<Progress> {
    const place = await this.#database.look(signal, async (session) => {
      const { schema, role } = await extension(session);
      await allowed(session, schema, role);
      return currentPlace(session);
    });
    const from = await firstXid(this.#database, signal);
    const files = await this.#database.look(signal, readFiles);
    return { ledger: new Ledger(), horizon: new Horizon(), place, readTo: place.lsn, from, files };
  }
}

async function advance(
  session: Session,
  before: Progress,
  signal: AbortSignal,
): Promise<{ readonly report: WitnessReport; readonly progress: Progress }> {
  const { horizon } = before;
  // Whatever goes wrong, what was half read must not be continued.
  const ledger = before.ledger.copy();
  const place = await currentPlace(session);
  sameHistory(place, before.place);
  const files = await readFiles(session);
  const { schema, role, databaseOid } = await extension(session);
  const reached = await horizon.reach(session, place, signal);
  let lsn = before.readTo;
  for (let bytes = SLICE_BYTES; reached !== undefined; ) {
    const to = await endOfSlice(session, lsn, reached.lsn, bytes);
    if (to === undefined) break;
    const end = await readOrExplain(
      readWal(session, { schema, databaseOid, from: lsn, to, near: place.xmin }, ledger),
      schema,
      role,
    );
    if (end === undefined && to === reached.lsn) break;
    // A record longer than the slice.
    bytes = end === undefined ? bytes * 2 : SLICE_BYTES;
    lsn = end ?? lsn;
    if (end !== undefined && to === reached.lsn) break;
  }
  ledger.dropBelow(before.from);
  if (ledger.isOverfull) throw new PlaceLost('too many transactions wait for one that has been open for long');
  const to = later(reached?.xmin ?? 0n, before.from);
  const [level] = await session.query<{ level: string }>(`select current_setting('wal_level') as level`);
  const report: WitnessReport = {
    state: 'counted',
    from: before.from.toString(),
    to: to.toString(),
    ...tally(ledger.take(to), before.files ?? files, files),
    seesTruncate: level?.level === 'logical',
  };
  return {
    report,
    progress: { ledger, horizon, place, readTo: lsn, from: to, files: reached === undefined ? before.files : files },
  };
}

async function endOfSlice(session: Session, from: string, end: string, bytes: number): Promise<string | undefined> {
  const [row] = await session.query<{ to: string | null }>(
    `select case when $1::pg_lsn < $2::pg_lsn then least($1::pg_lsn + $3::numeric, $2::pg_lsn)::text end as to`,
    [from, end, bytes],
  );
  return row?.to ?? undefined;
}

async function extension(session: Session): Promise<{ schema: string; role: string; databaseOid: string }> {
  const [row] = await session.query<{ schema: string | null; role: string; databaseOid: string }>(
    `select (select n.nspname from pg_extension e join pg_namespace n on n.oid = e.extnamespace where e.extname = 'pg_walinspect') as schema,
            current_user as role, (select oid::text from pg_database where datname = current_database()) as "databaseOid"`,
  );
  if (row === undefined || row.schema === null) {
    throw new Unknowable('the extension pg_walinspect is not installed', 'CREATE EXTENSION pg_walinspect');
  }
  return { ...row, schema: row.schema };
}

/** Asked beforehand, so that a missing privilege is said at the start and not at the first range. */
async function allowed(session: Session, schema: string, role: string): Promise<void> {
  const [row] = await session.query<{ ok: boolean }>(
    `select has_schema_privilege($1, 'usage')
       and has_function_privilege(quote_ident($1) || '.pg_get_wal_records_info(pg_lsn, pg_lsn)', 'execute') as ok`,
    [schema],
  );
  if (row?.ok !== true) throw new Unknowable('pg_walinspect may not be used', grant(schema, role));
}

function grant(schema: string, role: string): string {
  return `GRANT EXECUTE ON FUNCTION ${ident(schema)}.pg_get_wal_records_info(pg_lsn, pg_lsn) TO ${ident(role)}`;
}

async function readOrExplain<T>(query: Promise<T>, schema: string, role: string): Promise<T> {
  try {
    return await orForbidden(query, 'pg_walinspect may not be used', grant(schema, role));
  } catch (error) {
    if (failureOf(error).kind !== 'other') throw error;
    throw new PlaceLost(
      `the log since the last poll cannot be read: ${failureOf(error).reason}`,
      "ALTER SYSTEM SET wal_keep_size = '1GB', or poll more often",
      error,
    );
  }
}
