import { ident } from '../../../runtime/postgres/quote.js';
import type { Session } from '../../../runtime/postgres/read-only.js';
import { asXid8, type Facts } from '../../database/facts.js';
import type { EarlierKey, KeyColumn } from '../../records/keys.js';

/** What a domain is of, which may be a domain again. */
const BASE = `
  with recursive b (oid, next) as (select t.oid, t.typbasetype union all select n.oid, n.typbasetype from b join pg_type n on n.oid = b.next)
  select format_type(b.oid, null) from b where b.next = 0`;

/** A virtual generated column (PostgreSQL 18) has no value yet where triggers see the row, so it is in no image. */
const COLUMNS = (xid8: (xmin: string) => string) => `
select c.oid::text as relation, a.attnum::int as number, a.attname as name, format_type(a.atttypid, a.atttypmod) as type,
       case when t.typtype = 'd' then (${BASE}) else format_type(a.atttypid, null) end as base, a.attgenerated = 'v' as is_virtual, a.attgenerated <> '' as is_generated,
       has_column_privilege(a.attrelid, a.attnum, 'select') as readable,
       (${xid8('a.xmin')})::text as changed,
       (select coalesce(max(x), 0)::text from (select ${xid8('e.xmin')} as x from pg_enum e where e.enumtypid in (t.oid, t.typelem, t.typbasetype)
          union all select ${xid8('m.xmin')} from pg_type o join pg_attribute m on m.attrelid = o.typrelid and m.attnum > 0
            where o.oid in (t.oid, t.typelem, t.typbasetype) and o.typtype = 'c') changes) as type_changed,
       (select coalesce(max(${xid8('d.xmin')}), 0)::text from pg_attribute d
         where d.attrelid = a.attrelid and d.attisdropped and d.attnum < a.attnum) as added_after,
       array_position(i.indkey::int2[], a.attnum) as key_position, (${xid8('i.xmin')})::text as key_made
from pg_class c
left join pg_attribute a on a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped
left join pg_type t on t.oid = a.atttypid
left join pg_index i on i.indrelid = c.oid and i.indisprimary
where c.oid = any($1::oid[])
order by c.oid, a.attnum`;

export interface Column extends KeyColumn {
  /** In the table; no renaming changes it. */
  readonly number: number;
  /** The type without its modifiers, and for a domain the type that its values are of. */
  readonly base: string;
  readonly readable: boolean;
  /** Transaction that last changed the definition: images before and after need not agree. */
  readonly changed: bigint;
  /** The same of its type: labels of an enumeration, attributes of a composite type. 0 for a type of the server. */
  readonly typeChanged: bigint;
  /** From other columns, by an expression. */
  readonly isGenerated: boolean;
  /** Transaction that last dropped a column which stood before this one; 0 when none was. This one may have its name since. */
  readonly addedAfter: bigint;
}

export interface TableColumns {
  /** There are virtual columns, which are not among these. */
  readonly hasVirtual: boolean;
  readonly columns: readonly Column[];
  /** In the order of the primary key; empty without one. */
  readonly key: readonly (KeyColumn & { readonly number: number })[];
  /** The transaction that made the key, or last changed a column of it. */
  readonly keyChanged: bigint;
  /** Newest first. */
  readonly earlierKeys: readonly EarlierKey[];
}

export const noColumns: TableColumns = { hasVirtual: false, columns: [], key: [], keyChanged: 0n, earlierKeys: [] };

interface ColumnRow {
  relation: string;
  number: number;
  /** Null for a table without columns, and so is the rest. */
  name: string | null;
  type: string;
  base: string;
  is_virtual: boolean;
  is_generated: boolean;
  readable: boolean;
  changed: string;
  type_changed: string;
  added_after: string;
  key_position: number | null;
  key_made: string | null;
}

/** @returns those that are there; a relation that was dropped since is missing in it. */
export async function readColumns(
  session: Session,
  facts: Facts,
  relations: readonly string[],
): Promise<ReadonlyMap<string, TableColumns>> {
  const rows = await session.query<ColumnRow & Record<string, unknown>>(
    COLUMNS((xmin) => asXid8(xmin, facts.xmax)),
    [relations],
  );
  return new Map(
    [...groupRows(rows)].map(([relation, own]) => [
      relation,
      {
        hasVirtual: own.some((row) => row.is_virtual),
        columns: own
          .filter((row) => !row.is_virtual)
          .map(({ number, name, type, base, readable, changed, type_changed, added_after, is_generated }) => ({
            number,
            name,
            type,
            base,
            readable,
            changed: BigInt(changed),
            typeChanged: BigInt(type_changed),
            addedAfter: BigInt(added_after),
            isGenerated: is_generated,
          })),
        key: own
          .filter(isOfKey)
          .sort((a, b) => (a.key_position ?? 0) - (b.key_position ?? 0))
          .map(({ number, name, type }) => ({ number, name, type })),
        keyChanged: latest(own.filter(isOfKey).flatMap(({ changed, key_made }) => [changed, key_made ?? '0'])),
        earlierKeys: [],
      },
    ]),
  );
}

type Named = ColumnRow & { name: string };

function isOfKey({ key_position }: ColumnRow): boolean {
  return key_position !== null;
}

function latest(xids: readonly string[]): bigint {
  return xids.map(BigInt).reduce((a, b) => (a > b ? a : b), 0n);
}

function groupRows(rows: readonly ColumnRow[]): Map<string, Named[]> {
  const groups = new Map<string, Named[]>(rows.map(({ relation }) => [relation, []]));
  for (const row of rows) if (isNamed(row)) groups.get(row.relation)?.push(row);
  return groups;
}

function isNamed(row: ColumnRow): row is Named {
  return row.name !== null;
}

/** A live row as the trigger saw it, as far as the observer may read it: `(select …) as alias(img)`. */
export function imageOf(alias: string, { columns, hasVirtual }: TableColumns): string {
  const readable = columns.filter((column) => column.readable);
  if (readable.length === columns.length && !hasVirtual) return `to_jsonb(${alias})`;
  return `(select to_jsonb(r) from (select ${readable.map(({ name }) => `${alias}.${ident(name)}`).join(', ')}) r)`;
}
