import { ident } from '../../../../runtime/postgres/quote.js';
import type { Session } from '../../../../runtime/postgres/read-only.js';
import { operationBits } from '../../tables/coverage.js';

/**
 * All counters in one statement: the statistics are those of one moment (`stats_fetch_consistency = snapshot`). The
 * sequence is read last, because it only grows and is never part of a snapshot.
 */
const COUNTERS = (sequence: string, isAtRest: string) => `
select
  (select coalesce(json_object_agg(r, json_build_array(pg_stat_get_tuples_inserted(r), pg_stat_get_tuples_updated(r), pg_stat_get_tuples_deleted(r))), '{}')
     from unnest($1::oid[]) r) as audited,
  (select coalesce(json_object_agg(r, json_build_array(pg_stat_get_tuples_inserted(r), pg_stat_get_tuples_updated(r), pg_stat_get_tuples_deleted(r))), '{}')
     from unnest($2::oid[]) r where exists (select from pg_class c where c.oid = r)) as records,
  (select coalesce(sum(pg_stat_get_tuples_inserted(r)), 0)::float8 from unnest($3::oid[]) r) as archived,
  (select coalesce(json_object_agg(f, coalesce(pg_stat_get_function_calls(f), 0)), '{}') from unnest($4::oid[]) f) as calls,
  (select count(*)::int from pg_prepared_xacts where database = current_database()) as prepared,
  ${isAtRest} as is_at_rest,
  ${sequence} as sequence`;

/**
 * A transaction with an id holds a lock on that id. A snapshot is not enough: it shows the newest transaction as not begun
 * until a later one has ended.
 */
const AT_REST = `(select not exists (select from pg_locks l where l.locktype = 'transactionid' and l.mode = 'ExclusiveLock' and l.granted))`;

/** Inserted, updated, deleted since the statistics began; rolled-back work included, on every side alike. */
export type Tuples = readonly [inserted: number, updated: number, deleted: number];

export interface CounterSample {
  /** Milliseconds of our clock. */
  readonly at: number;
  readonly audited: Readonly<Record<string, Tuples>>;
  readonly records: Readonly<Record<string, Tuples>>;
  readonly archived: number;
  /** By function oid. Absent while `track_functions` is off. */
  readonly calls: Readonly<Record<string, number>> | undefined;
  /** Transactions that are prepared and not ended: their calls are counted already, their rows are not. */
  readonly prepared: number;
  /** Last id that the sequence gave out. Absent without a readable sequence. */
  readonly sequence: number | undefined;
  /** No transaction was open that may have taken ids; always false when that was not asked. */
  readonly isAtRest: boolean;
}

export interface CounterTargets {
  readonly audited: readonly string[];
  readonly records: readonly string[];
  readonly archive: readonly string[];
  readonly functions: readonly string[];
  readonly tracksCalls: boolean;
  /** Schema and name. */
  readonly sequence: readonly [string, string] | undefined;
  readonly asksForRest: boolean;
}

interface CountersRow {
  audited: Record<string, [number, number, number]>;
  records: Record<string, [number, number, number]>;
  archived: number;
  calls: Record<string, number>;
  prepared: number;
  is_at_rest: boolean;
  sequence: string | null;
}

export async function readCounters(session: Session, targets: CounterTargets): Promise<CounterSample> {
  const sequence =
    targets.sequence === undefined
      ? 'null::text'
      : `(select case when s.is_called then s.last_value else s.last_value - 1 end::text from ${targets.sequence.map(ident).join('.')} s)`;
  const [row] = await session.query<CountersRow & Record<string, unknown>>(
    COUNTERS(sequence, targets.asksForRest ? AT_REST : 'false'),
    [targets.audited, targets.records, targets.archive, targets.functions],
  );
  if (row === undefined) throw new Error('the statistics could not be read');
  return {
    at: Date.now(),
    audited: row.audited,
    records: row.records,
    archived: row.archived,
    calls: targets.tracksCalls ? row.calls : undefined,
    prepared: row.prepared,
    isAtRest: row.is_at_rest,
    sequence: row.sequence === null ? undefined : Number(row.sequence),
  };
}

/** Only the operations in the mask: those for which a trigger calls every time. */
export function countOf([inserted, updated, deleted]: Tuples, mask: number): number {
  return (
    (mask & operationBits.INSERT ? inserted : 0) +
    (mask & operationBits.UPDATE ? updated : 0) +
    (mask & operationBits.DELETE ? deleted : 0)
  );
}
