import { triggerNames, writerRoles } from './names.js';

/**
 * Which tables are recorded, and how a table begins to be. The triggers stand on each leaf and none on a partitioned
 * parent: TRUNCATE of a leaf fires only what stands on the leaf, and a trigger cloned from the parent goes away when
 * the partition is detached.
 */
export function enrolmentFunctions(): string {
  const { row, truncate } = triggerNames;
  return `
create or replace function audit.in_scope(target oid) returns boolean
language sql stable set search_path = pg_catalog, pg_temp
as $kop$
  select c.relkind = 'r' and c.relpersistence <> 't'
    and n.nspname not in ('audit', 'information_schema') and n.nspname !~ '^pg_'
    and exists (select from audit.scope s where s.kind = 'include' and format('%s.%s', n.nspname, c.relname) like p.pattern(s))
    and not exists (select from audit.scope s where s.kind = 'exclude' and format('%s.%s', n.nspname, c.relname) like p.pattern(s))
  from pg_class c join pg_namespace n on n.oid = c.relnamespace
  where c.oid = target
$kop$;

create or replace function audit.key_columns(target oid) returns text[]
language sql stable set search_path = pg_catalog, pg_temp
as $kop$
  select coalesce(array_agg(a.attname::text order by k.place), '{}')
  from pg_index i
  cross join lateral unnest(i.indkey) with ordinality as k (attnum, place)
  join pg_attribute a on a.attrelid = i.indrelid and a.attnum = k.attnum
  where i.indrelid = target and i.indisprimary
$kop$;

-- Does nothing where the triggers are. Above all it does not enable what somebody disabled: that is for people to see.
create or replace function audit.enrol(target oid) returns boolean
language plpgsql set search_path = pg_catalog, pg_temp
as $kop$
declare
  schema_name text;
  table_name text;
  table_owner oid;
  key_columns constant text[] := audit.key_columns(target);
  arguments text := (select string_agg(quote_literal(name), ', ') from unnest(key_columns) as name);
  stored bytea := (select string_agg(convert_to(name, getdatabaseencoding()) || '\\x00'::bytea, ''::bytea) from unnest(key_columns) as name);
  row_trigger name;
  has_other_key boolean;
  is_new boolean := false;
begin
  if not coalesce(audit.in_scope(target), false) then
    return false;
  end if;
  select n.nspname, c.relname, c.relowner into schema_name, table_name, table_owner
  from pg_class c join pg_namespace n on n.oid = c.relnamespace where c.oid = target;
  if not pg_has_role(current_user, table_owner, 'usage') then
    raise exception 'table %.% belongs to role %, and % is no member of it', schema_name, table_name, table_owner::regrole, current_user
      using hint = format('Have the owner of the table run: grant %s to %I; or leave the table out of the scope.', table_owner::regrole, current_user);
  end if;

  -- By what they call: a trigger may have been renamed, and a second one would record each change twice.
  select t.tgname, t.tgenabled = 'A' and t.tgargs is distinct from coalesce(stored, ''::bytea) into row_trigger, has_other_key
  from pg_trigger t
  where t.tgrelid = target and t.tgfoid = 'audit.record()'::regprocedure and not t.tgisinternal
    -- One of our name that somebody gave a condition is left to people to see; to make it again would fail.
    and (t.tgname = '${row}' or t.tgtype & 29 = 29 and t.tgqual is null and t.tgattr = '')
  order by t.tgname = '${row}' desc, t.tgname limit 1;
  -- The key has other columns, or other names: the trigger would go on writing the old ones.
  if has_other_key then
    execute format('drop trigger %I on %I.%I', row_trigger, schema_name, table_name);
  end if;
  if row_trigger is null or has_other_key then
    is_new := row_trigger is null;
    execute format('create trigger %I after insert or update or delete on %I.%I for each row execute function audit.record(%s)', coalesce(row_trigger, '${row}'), schema_name, table_name, arguments);
    execute format('alter table %I.%I enable always trigger %I', schema_name, table_name, coalesce(row_trigger, '${row}'));
  end if;
  -- Looked for only now: the command before this one made the event trigger enrol the table as well.
  if not exists (
    select from pg_trigger t where t.tgrelid = target and t.tgfoid = 'audit.record_truncate()'::regprocedure and not t.tgisinternal
      and (t.tgname = '${truncate}' or t.tgtype & 32 = 32)
  ) then
    execute format('create trigger ${truncate} after truncate on %I.%I for each statement execute function audit.record_truncate()', schema_name, table_name);
    execute format('alter table %I.%I enable always trigger ${truncate}', schema_name, table_name);
  end if;
  if not is_new then
    return false;
  end if;
  execute format('grant usage on schema %I to ${writerRoles.observer}', schema_name);
  execute format('grant select on table %I.%I to ${writerRoles.observer}', schema_name, table_name);
  if key_columns = '{}' then
    raise warning 'table %.% has no primary key: its changes are recorded, but cannot be told apart by row', schema_name, table_name;
  end if;
  -- In the transaction that made the trigger, whose lock keeps writers out: nothing falls between the two.
  if (select baseline from audit.installation order by version desc limit 1) then
    perform audit.baseline(target);
  end if;
  return true;
end
$kop$;

create or replace function audit.enrol_all() returns setof text
language plpgsql set search_path = pg_catalog, pg_temp
as $kop$
declare
  target oid;
begin
  for target in
    select c.oid from pg_class c join pg_namespace n on n.oid = c.relnamespace
    where audit.in_scope(c.oid) order by n.nspname, c.relname
  loop
    if audit.enrol(target) then
      return next target::regclass::text;
    end if;
  end loop;
end
$kop$;`.replaceAll('p.pattern(s)', likePattern);
}

/** `*` stands for any characters; what LIKE means otherwise stands for itself. */
const likePattern = String.raw`replace(replace(replace(replace(s.pattern, '\', '\\'), '%', '\%'), '_', '\_'), '*', '%')`;
