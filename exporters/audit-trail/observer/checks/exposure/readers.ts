import type { readerKinds } from '../../../../../pack/audit-trail/metrics.js';
import type { Session } from '../../../../runtime/postgres/read-only.js';

/**
 * Roles that can log in and may read the records, and whether the server records that they do: every statement
 * (`log_statement = all`), or by pgaudit, either all reading of a role or whatever touches a table that `pgaudit.role` may
 * read. Settings of a role in this database take precedence over those of the role, of the database and of the server. This
 * session sees server settings overridden by its own role's; those say nothing about other roles.
 */
const READERS = `
with names(name) as (values ('log_statement'), ('pgaudit.log'), ('pgaudit.role')),
server as materialized (select name, setting from pg_settings where name in (select name from names)),
set_for as (
  select s.setrole, s.setdatabase, split_part(c, '=', 1) as name, substr(c, strpos(c, '=') + 1) as value
  from pg_db_role_setting s, unnest(s.setconfig) c
  where s.setdatabase in (0, (select oid from pg_database where datname = current_database()))),
readers as (
  select r.oid, r.rolsuper from pg_roles r
  where r.rolcanlogin and exists (
    select from unnest($1::oid[]) t join pg_class c on c.oid = t
    where has_table_privilege(r.oid, c.oid, 'SELECT') or has_any_column_privilege(r.oid, c.oid, 'SELECT'))),
effective as (
  select r.oid, n.name,
    coalesce(
      (select value from set_for f where f.name = n.name and f.setrole = r.oid and f.setdatabase <> 0),
      (select value from set_for f where f.name = n.name and f.setrole = r.oid and f.setdatabase = 0),
      (select value from set_for f where f.name = n.name and f.setrole = 0 and f.setdatabase <> 0),
      case when exists (select from set_for f where f.name = n.name and f.setrole = (select oid from pg_roles where rolname = session_user))
           then '?' else (select setting from server p where p.name = n.name) end) as value
  from readers r, names n),
judged as (
  select r.oid, r.rolsuper,
    bool_or(e.name = 'log_statement' and e.value = 'all') as by_statement,
    bool_or(e.name = 'pgaudit.log' and loaded.is and lower(e.value) ~ '(^|[, ])(all|read)($|[, ])' and lower(e.value) !~ '-(all|read)') as by_class,
    bool_or(e.name = 'pgaudit.role' and loaded.is and exists (
      select from pg_roles o where o.rolname = e.value and not exists (
        select from unnest($1::oid[]) t where not has_table_privilege(o.oid, t, 'SELECT')))) as by_object,
    bool_or(e.value = '?') as is_unclear
  from readers r join effective e on e.oid = r.oid,
       (select exists (select from server where name = 'pgaudit.log') as is) loaded
  group by r.oid, r.rolsuper)
select coalesce(sum(n) filter (where kind = 'logged'), 0)::int as logged,
       coalesce(sum(n) filter (where kind = 'avoidable'), 0)::int as avoidable,
       coalesce(sum(n) filter (where kind = 'unlogged'), 0)::int as unlogged,
       coalesce(sum(n) filter (where kind = 'unknown'), 0)::int as unknown
from (select case when (by_statement or by_class or by_object) then
                    case when rolsuper or has_parameter_privilege(oid, case when by_statement then 'log_statement' else 'pgaudit.log' end, 'SET')
                         then 'avoidable' else 'logged' end
                  when is_unclear then 'unknown' else 'unlogged' end as kind, 1 as n
      from judged) k`;

export type ReaderCounts = Readonly<Record<(typeof readerKinds)[number], number>>;

/** @param records the audit table, its partitions and its archive. */
export async function countReaders(session: Session, records: readonly string[]): Promise<ReaderCounts> {
  const [row] = await session.query<Record<(typeof readerKinds)[number], number>>(READERS, [records]);
  if (row === undefined) throw new Error('the roles could not be read');
  return row;
}
