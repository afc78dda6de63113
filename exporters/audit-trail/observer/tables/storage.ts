import type { Session } from '../../../runtime/postgres/read-only.js';
import type { RecordsSql } from '../../records/sql.js';

/**
 * TRUNCATE, and ALTER TABLE where it writes a table anew, take effect for snapshots that are older: to those the table
 * seems empty. So after reading it is asked whether a table's storage is still the one that the snapshot knows;
 * otherwise what was read is void, and read again. The answer is final, because reading has locked the tables.
 */
const REPLACED = `
select exists (select from pg_class c where c.oid = any($1::oid[]) and c.relfilenode <> pg_relation_filenode(c.oid)) as replaced`;

export async function isReplaced(
  session: Session,
  { shape }: RecordsSql,
  oids: readonly string[] = [],
): Promise<boolean> {
  const [row] = await session.query<{ replaced: boolean }>(REPLACED, [
    [...oids, ...shape.leaves, ...shape.archiveLeaves],
  ]);
  return row?.replaced === true;
}

/**
 * Whether the rows just read lie in storage that no poll has seen yet: what wrote them anew, such as SET UNLOGGED,
 * made versions of them that no record describes, and they must not be taken for changes.
 */
export async function isUnseenStorage(
  session: Session,
  oid: string,
  watched: { readonly filenode: string } | undefined,
): Promise<boolean> {
  if (watched === undefined) return false;
  const [row] = await session.query<{ filenode: string | null }>('select pg_relation_filenode($1)::text as filenode', [
    oid,
  ]);
  return (row?.filenode ?? '0') !== watched.filenode;
}
