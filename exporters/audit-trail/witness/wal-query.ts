import type { AuditOperation } from '../../../pack/index.js';
import { ident } from '../../runtime/postgres/quote.js';
import type { Session } from '../../runtime/postgres/read-only.js';
import type { Ledger } from './ledger.js';
import { fullXid } from './xid.js';

/**
 * Everything that a range of the log says of one database, counted by the server: no row's content is ever read.
 *
 * The functions describe a record in text, whose form changed with PostgreSQL 16 (`flags 0x08` became `flags: 0x08`).
 * An insert that may still turn out to be in conflict (flag 0x04) counts when it is confirmed, and its retraction
 * (a delete with flag 0x08) not at all. An insert of many rows says how many.
 */
function walSql(schema: string): string {
  return `
with wal as materialized (
  select xid::text as xid, resource_manager as manager, record_type as type, description as said, block_ref as block, end_lsn,
         ('x' || substring(description from 'flags:? 0x([0-9A-F]{2})'))::bit(8)::int as flags
  from ${ident(schema)}.pg_get_wal_records_info($1::pg_lsn, $2::pg_lsn)
), changes as (
  select xid, substring(block from 'rel (\\d+/\\d+/\\d+) ') as file,
         case when type ~ 'UPDATE' then 'UPDATE' when type = 'DELETE' then 'DELETE' else 'INSERT' end as operation,
         case when manager = 'Heap2' then substring(said from '(?:ntuples: |^)(\\d+)')::bigint else 1 end as rows
  from wal
  where (manager = 'Heap2' and type in ('MULTI_INSERT', 'MULTI_INSERT+INIT'))
     or (manager = 'Heap' and (
       type in ('HOT_UPDATE', 'HOT_UPDATE+INIT', 'UPDATE', 'UPDATE+INIT', 'HEAP_CONFIRM', 'CONFIRM')
       or (type in ('INSERT', 'INSERT+INIT') and flags & 4 = 0)
       or (type = 'DELETE' and flags & 8 = 0)))
)
select 'end' as kind, '' as xid, max(end_lsn)::text as what, '' as operation, count(*)::text as rows from wal
union all
select 'change', xid, file, operation, sum(rows)::text from changes
where split_part(file, '/', 2) = $3 group by xid, file, operation
union all
select case when type like 'COMMIT%' then 'commit' else 'abort' end, coalesce(substring(said from '^(\\d+): '), xid),
       coalesce(substring(said from 'subxacts: ([0-9 ]+)'), ''), '', '0'
from wal where manager = 'Transaction' and type in ('COMMIT', 'COMMIT_PREPARED', 'ABORT', 'ABORT_PREPARED')
union all
select 'create', xid, said, '', '0' from wal where manager = 'Storage' and type = 'CREATE' and said ~ ('/' || $3 || '/\\d+$')
union all
select 'truncate', xid, coalesce(substring(said from ' relids:? \\[?([0-9, ]+)'), ''), '', '0'
from wal where manager = 'Heap' and type = 'TRUNCATE'
union all
select 'lock', l.found[1], l.found[2], '', '0'
from wal, regexp_matches(said, 'xid (\\d+) db ' || $3 || ' rel (\\d+)', 'g') as l (found)
where manager = 'Standby' and type = 'LOCK'`;
}

interface WalRow {
  kind: 'end' | 'change' | 'commit' | 'abort' | 'create' | 'truncate' | 'lock';
  xid: string;
  what: string | null;
  operation: AuditOperation;
  rows: string;
}

export interface WalRange {
  readonly schema: string;
  readonly databaseOid: string;
  readonly from: string;
  readonly to: string;
  /** A current transaction id. */
  readonly near: bigint;
}

/**
 * Enters a range into the ledger.
 *
 * @returns the end of the last whole record in it; undefined when there was none. The next range begins there, because
 * a record that goes beyond `to` is not told, and would not be told from its middle either.
 */
export async function readWal(session: Session, range: WalRange, ledger: Ledger): Promise<string | undefined> {
  const { schema, databaseOid, from, to, near } = range;
  const rows = await session.query<WalRow>(walSql(schema), [from, to, databaseOid]);
  let end: string | undefined;
  // Ends last: the rows come in no order, and a commit takes what is there.
  for (const row of rows.toSorted((a, b) => Number(isEnd(a)) - Number(isEnd(b)))) {
    const { kind, xid, operation } = row;
    const what = row.what ?? '';
    if (kind === 'end') {
      end = row.what ?? undefined;
      continue;
    }
    const id = fullXid(xid, near);
    const numbers = what.match(/\d+/g) ?? [];
    switch (kind) {
      case 'change':
        ledger.of(id).add(operation, what, Number(row.rows));
        break;
      case 'create':
        ledger.of(id).created.add(fileOf(what));
        break;
      case 'truncate':
        for (const oid of numbers) ledger.of(id).truncated.add(oid);
        break;
      case 'lock':
        ledger.of(id).locked.add(what);
        break;
      case 'commit':
        ledger.commit(
          id,
          numbers.map((each) => fullXid(each, near)),
        );
        break;
      case 'abort':
        ledger.abort(
          id,
          numbers.map((each) => fullXid(each, near)),
        );
    }
  }
  return end;
}

function isEnd({ kind }: WalRow): boolean {
  return kind === 'commit' || kind === 'abort';
}

const DEFAULT_TABLESPACE = '1663';

/** `base/5/16400` and `pg_tblspc/16388/PG_17_202406281/5/16400` as `tablespace/database/file`. */
function fileOf(path: string): string {
  const parts = path.split('/');
  const tablespace = parts[0] === 'pg_tblspc' ? (parts[1] ?? '') : DEFAULT_TABLESPACE;
  return [tablespace, ...parts.slice(-2)].join('/');
}
