import type { Session } from '../../runtime/postgres/read-only.js';

export interface Relation {
  readonly oid: string;
  readonly schema: string;
  readonly table: string;
  /** pg_class.relkind; only `r` is a table whose changes are audited. */
  readonly kind: string;
  readonly isUnlogged: boolean;
}

/** Which file belongs to which relation, `tablespace/database/file` as the log names it. */
export type Files = ReadonlyMap<string, Relation>;

const FILES = `
select coalesce(nullif(c.reltablespace, 0), d.dattablespace)::text || '/' || d.oid::text || '/'
         || coalesce(nullif(c.relfilenode, 0), pg_relation_filenode(c.oid))::text as file,
       c.oid::text as oid, n.nspname as schema, c.relname as table, c.relkind as kind, c.relpersistence = 'u' as "isUnlogged"
from pg_class c join pg_namespace n on n.oid = c.relnamespace, pg_database d
where d.datname = current_database() and c.relkind in ('r', 'm', 't', 'S', 'i') and c.relpersistence <> 't'
  and coalesce(nullif(c.relfilenode, 0), pg_relation_filenode(c.oid)) is not null`;

export async function readFiles(session: Session): Promise<Files> {
  const rows = await session.query<Relation & { file: string }>(FILES);
  return new Map(rows.map(({ file, ...relation }) => [file, relation]));
}

export function isAudited({ kind, schema, isUnlogged }: Relation): boolean {
  return kind === 'r' && !isUnlogged && schema !== 'information_schema' && !schema.startsWith('pg_');
}
