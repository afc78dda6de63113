import type { AuditOperation } from '../../../pack/audit-trail/model.js';
import { ident } from '../../runtime/postgres/quote.js';
import type { ReadOnlyDatabase, Session } from '../../runtime/postgres/read-only.js';
import { flushedLsn, Horizon } from './horizon.js';
import { type KeptPlace, keep, type Standing, standingOf } from './kept.js';
import { Ledger } from './ledger.js';
import { currentPlace, firstXid, sameHistory } from './place.js';
import type { RetainedLog, UncertainTable, Witness, WitnessedCount, WitnessReport } from './report.js';
import { PlaceLost, Unknowable } from './unknowable.js';
import { unknownReport } from './unknown-report.js';
import { fullXid, later } from './xid.js';

/**
 * Counted by the server, so that no row leaves it. A line is `table public.clients: INSERT: id[integer]:1 …`, a
 * truncation may name several tables, and names are quoted as in SQL.
 */
const COUNT = `
select c.xid, parse_ident(n.name) as name, c.operation, count(*)::text as changes
from (
  select xid::text as xid, regexp_match(data, '^table ((?:"(?:[^"]|"")*"|[^":])+): (INSERT|UPDATE|DELETE|TRUNCATE):') as found
  from pg_logical_slot_peek_changes($1, $2::pg_lsn, null, 'skip-empty-xacts', '1', 'include-timestamp', '0')
  where data like 'table %'
) d
cross join lateral (select d.xid, d.found[1] as names, d.found[2] as operation) c
cross join lateral regexp_split_to_table(c.names, ', (?=(?:[^"]*"[^"]*")*[^"]*$)') as n (name)
group by 1, 2, 3`;

const SLOT = `
select plugin, active, wal_status as status, confirmed_flush_lsn::text as confirmed, database = current_database() as here,
       confirmed_flush_lsn < $2::pg_lsn as "isBehind", current_user as role, (select rolsuper or rolreplication from pg_roles where rolname = current_user) as allowed,
       pg_wal_lsn_diff(pg_current_wal_lsn(), restart_lsn)::float8 as bytes,
       (select nullif(setting::float8, -1) * 1048576 from pg_settings where name = 'max_slot_wal_keep_size') as "limit"
from pg_replication_slots where slot_name = $1`;

/** `readTo` is where the slot stands after us. Found further on, somebody else has read from it or made it anew. */
interface Progress extends Standing {
  readonly horizon: Horizon;
}

/** Counts committed changes by logical decoding with `test_decoding`, through a slot that is ours alone. */
export class DecodingWitness implements Witness {
  readonly #database: ReadOnlyDatabase;
  readonly #slot: string;
  #progress: Progress | undefined;
  #retained: RetainedLog | undefined;

  constructor(database: ReadOnlyDatabase, slot: string) {
    this.#database = database;
    this.#slot = slot;
  }

  async poll(signal: AbortSignal): Promise<WitnessReport> {
    const before = this.#progress;
    this.#retained = undefined;
    try {
      if (before === undefined) {
        this.#progress = await this.#start(signal);
        return { state: 'started', from: this.#progress.from.toString() };
      }
      const { report, progress } = await this.#database.read(signal, (session) =>
        this.#advance(session, before, signal),
      );
      this.#progress = progress;
      return report;
    } catch (error) {
      signal.throwIfAborted();
      if (error instanceof PlaceLost) this.#progress = undefined;
      return unknownReport(error);
    }
  }

  resume(kept: KeptPlace): void {
    if (kept.source !== this.#source) return;
    this.#progress = { ...standingOf(kept), horizon: new Horizon() };
  }

  kept(): KeptPlace | undefined {
    return this.#progress === undefined ? undefined : keep(this.#source, this.#progress);
  }

  retained(): RetainedLog | undefined {
    return this.#retained;
  }

  get #source(): string {
    return `decoding ${this.#slot}`;
  }

  async close(): Promise<void> {
    await this.#database.close();
  }

  /** Moves the slot to the present: what it kept before is not counted, and would fill the disk. */
  async #start(signal: AbortSignal): Promise<Progress> {
    const { place, readTo } = await this.#database.read(signal, async (session) => {
      const place = await currentPlace(session);
      await this.#state(session);
      return { place, readTo: await this.#confirm(session, await flushedLsn(session)) };
    });
    return {
      ledger: new Ledger(),
      horizon: new Horizon(),
      place,
      readTo,
      from: await firstXid(this.#database, signal),
    };
  }

  async #advance(
    session: Session,
    before: Progress,
    signal: AbortSignal,
  ): Promise<{ readonly report: WitnessReport; readonly progress: Progress }> {
    const { horizon } = before;
    // A copy: after a failure, a half-read range must not be continued.
    const ledger = before.ledger.copy();
    const place = await currentPlace(session);
    sameHistory(place, before.place);
    const { confirmed, isBehind } = await this.#state(session, before.readTo);
    // A crash of the server takes a slot back to its last checkpoint; what lies between is in the ledger already.
    const stand = isBehind ? await this.#confirm(session, before.readTo) : confirmed;
    if (!isBehind && stand !== before.readTo) throw this.#moved();
    const reached = await horizon.reach(session, place, signal);
    if (reached === undefined) {
      return { report: nothingNew(before.from), progress: { ...before, place } };
    }
    const rows = await session.query<{ xid: string; name: string[]; operation: AuditOperation; changes: string }>(
      COUNT,
      [this.#slot, reached.lsn],
    );
    // Decoding returns committed transactions only.
    for (const { xid, name, operation, changes } of rows)
      ledger.add(fullXid(xid, place.xmin), operation, JSON.stringify(name), Number(changes));
    // What happened before counting began.
    ledger.take(before.from);
    if (ledger.isOverfull) throw new PlaceLost('too many transactions wait for one that has been open for long');
    const readTo = await this.#confirm(session, reached.lsn, stand);
    const to = later(reached.xmin, before.from);
    const report: WitnessReport = {
      state: 'counted',
      from: before.from.toString(),
      to: to.toString(),
      counts: countsOf(ledger, to, await partitioned(session)),
      uncertain: await unlogged(session),
    };
    return { report, progress: { ledger, horizon, place, readTo, from: to } };
  }

  /** @param left where we left the slot. */
  async #state(session: Session, left?: string): Promise<{ readonly confirmed: string; readonly isBehind: boolean }> {
    const [slot] = await session.query<{
      plugin: string | null;
      active: boolean;
      status: string | null;
      confirmed: string | null;
      isBehind: boolean | null;
      here: boolean | null;
      role: string;
      allowed: boolean;
      bytes: number | null;
      limit: number | null;
    }>(SLOT, [this.#slot, left ?? null]);
    const create = `SELECT pg_create_logical_replication_slot('${this.#slot}', 'test_decoding')`;
    if (slot === undefined) {
      // For a slot that is gone nothing is kept: an alarm about it is over.
      this.#retained = { bytes: 0, limitBytes: Number.POSITIVE_INFINITY };
      throw new PlaceLost(`replication slot ${this.#slot} does not exist`, `${create}, in this database`);
    }
    if (slot.bytes !== null) {
      this.#retained = { bytes: slot.bytes, limitBytes: slot.limit ?? Number.POSITIVE_INFINITY };
    }
    if (slot.plugin !== 'test_decoding' || slot.here !== true) {
      throw new PlaceLost(`slot ${this.#slot} is not one of this database for test_decoding`, create);
    }
    if (slot.status === 'lost' || slot.confirmed === null) {
      throw new PlaceLost(
        `slot ${this.#slot} is lost: the server needed the space`,
        `SELECT pg_drop_replication_slot('${this.#slot}'); ${create}; and a larger max_slot_wal_keep_size`,
      );
    }
    if (slot.active) {
      throw new Unknowable(`slot ${this.#slot} is in use by another program`, 'give the witness a slot of its own');
    }
    if (!slot.allowed) throw new Unknowable('the slot may not be read', grant(slot.role));
    return { confirmed: slot.confirmed, isBehind: slot.isBehind === true };
  }

  /**
   * Moves the slot on.
   *
   * @param stand where it must be until then. A slot that is made anew during a poll stands elsewhere, and what lies before
   *   it was never counted.
   * @returns where it is then, as the move itself tells: asked afterwards, it could be another slot.
   */
  async #confirm(session: Session, lsn: string, stand?: string): Promise<string> {
    const [moved] = await session.query<{ to: string }>(
      `select a.end_lsn::text as to from pg_replication_slots s
       cross join lateral pg_replication_slot_advance(s.slot_name, $2::pg_lsn) a
       where s.slot_name = $1 and s.confirmed_flush_lsn < $2::pg_lsn
         and ($3::pg_lsn is null or s.confirmed_flush_lsn = $3::pg_lsn)`,
      [this.#slot, lsn, stand ?? null],
    );
    if (moved !== undefined) return moved.to;
    const { confirmed } = await this.#state(session);
    if (stand !== undefined && confirmed !== stand) throw this.#moved();
    return confirmed;
  }

  #moved(): PlaceLost {
    return new PlaceLost(
      `slot ${this.#slot} is not where the witness left it: it was made anew, or read by another program`,
      'let no other program use the slot',
    );
  }
}

function grant(role: string): string {
  return `ALTER ROLE ${ident(role)} REPLICATION`;
}

function nothingNew(from: bigint): WitnessReport {
  const at = from.toString();
  return { state: 'counted', from: at, to: at, counts: [], uncertain: [] };
}

function countsOf(ledger: Ledger, to: bigint, parents: ReadonlySet<string>): WitnessedCount[] {
  const counts = new Map<string, number>();
  for (const changes of ledger.take(to)) {
    for (const [key, number] of changes) counts.set(key, (counts.get(key) ?? 0) + number);
  }
  return [...counts].flatMap(([key, changes]) => {
    const space = key.indexOf(' ');
    const [schema, table] = namesIn(key.slice(space + 1));
    const operation = operationOf(key.slice(0, space));
    // TRUNCATE of a partitioned table names the parent beside its leaves; the records know the leaves.
    if (operation === undefined || parents.has(`${schema}.${table}`)) return [];
    return [{ schema, table, operation, changes }];
  });
}

function namesIn(json: string): readonly [string, string] {
  const names: unknown = JSON.parse(json);
  return Array.isArray(names) ? [String(names[0]), String(names[1])] : ['', ''];
}

function operationOf(word: string): AuditOperation | undefined {
  switch (word) {
    case 'INSERT':
    case 'UPDATE':
    case 'DELETE':
    case 'TRUNCATE':
      return word;
    default:
      return undefined;
  }
}

async function partitioned(session: Session): Promise<ReadonlySet<string>> {
  const rows = await session.query<{ name: string }>(
    `select n.nspname || '.' || c.relname as name from pg_class c join pg_namespace n on n.oid = c.relnamespace where c.relkind = 'p'`,
  );
  return new Set(rows.map(({ name }) => name));
}

async function unlogged(session: Session): Promise<UncertainTable[]> {
  return session.query<{ schema: string; table: string; reason: string }>(
    `select n.nspname as schema, c.relname as table, 'it is UNLOGGED, so its changes are in no log' as reason
     from pg_class c join pg_namespace n on n.oid = c.relnamespace where c.relkind = 'r' and c.relpersistence = 'u'`,
  );
}
