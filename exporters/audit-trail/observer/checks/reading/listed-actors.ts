import type { Attribution } from '../../../../../pack/audit-trail/model.js';
import { ident, parseQualified, qualified } from '../../../../runtime/postgres/quote.js';
import type { Session } from '../../../../runtime/postgres/read-only.js';
import type { Limitation } from '../../verdict/evidence.js';

/** Checked beforehand, because a failing query would abort the whole transaction. */
const LISTING = `
select a.attnum is not null as "hasColumn", row_security_active(c.oid) as "isCut", current_user::text as role,
       has_schema_privilege(n.oid, 'usage') and has_column_privilege(c.oid, a.attnum, 'select') as "mayRead"
from pg_class c join pg_namespace n on n.oid = c.relnamespace
left join pg_attribute a on a.attrelid = c.oid and a.attname = $3 and a.attnum > 0 and not a.attisdropped
where n.nspname = $1 and c.relname = $2`;

export interface ListedActors {
  /** A query of all that records may name; undefined when nobody asked for it, or when it cannot be read. */
  readonly query?: string;
  /** Why records were read without looking up who they name; that is not made good later. */
  readonly limitation?: Limitation;
}

/** Who may be named as an actor now. Removing a person later does not change records that were read before. */
export async function listedActors(
  session: Session,
  actors: NonNullable<Attribution['actors']>,
): Promise<ListedActors> {
  const { schema, name } = parseQualified(actors.table);
  const notListed = (why: string, ...fixes: readonly string[]): ListedActors => ({
    limitation: { reason: `actors were not looked up in ${actors.table}: ${why}`, fixes },
  });
  const [row] = await session.query<{ hasColumn: boolean; isCut: boolean; role: string; mayRead: boolean | null }>(
    LISTING,
    [schema, name, actors.column],
  );
  if (row === undefined) return notListed('there is no such table');
  if (!row.hasColumn) return notListed(`it has no column ${actors.column}`);
  const table = qualified({ schema, name });
  if (row.mayRead !== true)
    return notListed(
      'it may not be read',
      `GRANT USAGE ON SCHEMA ${ident(schema)} TO ${ident(row.role)}`,
      `GRANT SELECT (${ident(actors.column)}) ON ${table} TO ${ident(row.role)}`,
    );
  if (row.isCut) return notListed('a policy hides rows', `ALTER ROLE ${ident(row.role)} BYPASSRLS`);
  const column = `l.${ident(actors.column)}`;
  return { query: `select ${column}::text from ${table} l where ${column} is not null` };
}
