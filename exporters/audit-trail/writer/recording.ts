import { boundedKey, largestKey } from '../records/keys.js';
import { changedColumnsVariables, keepChangedColumns, wholeRowFunction } from './changed-columns.js';
import { pinned, writerRoles } from './names.js';

/** Who, with what and why, as the application said with `set_config('audit.actor', …, true)` and its siblings. */
const attribution = `
    nullif(current_setting('audit.actor', true), ''),
    coalesce(
      nullif(current_setting('audit.actor_kind', true), ''),
      case when nullif(current_setting('audit.actor', true), '') is not null then 'human' end
    ),
    coalesce(nullif(current_setting('audit.application', true), ''), nullif(current_setting('application_name'), '')),
    nullif(current_setting('audit.correlation_id', true), ''),
    nullif(current_setting('audit.reason', true), '')`;

const attributed = 'actor, actor_kind, application, correlation_id, reason';

/**
 * The trigger functions. They know no exception handler: a change that cannot be recorded must not happen. They run as
 * the owner of the log, so that no application role can write to it otherwise.
 *
 * `audit.record` is called for each row, so its form is for speed (`bench/audit/writer.ts`). PL/pgSQL prepares an assignment
 * once a transaction, but the expressions of an INSERT with each call: so the INSERT takes variables only, also for what
 * would be a default. Triggers for each statement, with transition tables, write many rows in about half the time. They are not
 * used: rows that are reached through a partitioned or inherited parent do not fire them; a row that another trigger changes
 * again within the statement gets its records in the wrong order, which continuity takes for a fault; and statements of one row
 * cost more.
 */
export function recordingFunctions(changedColumns: boolean): string {
  return `
-- An index holds the key, and a btree refuses an entry of more than about 2,700 bytes, which would fail the application's
-- own statement. So a larger key is recorded as its hash.
create or replace function audit.bounded_key(key jsonb) returns jsonb
language sql immutable set search_path = pg_catalog, pg_temp
as $kop$
  select ${boundedKey('key')}
$kop$;
alter function audit.bounded_key(jsonb) owner to ${writerRoles.owner};

-- An application says who acts at the beginning of each transaction:
--   select set_config('audit.actor', '42', true), set_config('audit.correlation_id', '…', true),
--     set_config('audit.reason', '…', true), set_config('audit.actor_kind', 'machine', true);
create or replace function audit.record() returns trigger
language plpgsql security definer${pinned}
as $kop$
declare
  old_image jsonb;
  new_image jsonb;
  image jsonb;
  key jsonb;
  record_id bigint := nextval('audit.log_id_seq');
  xact xid8 := pg_current_xact_id();
  recorded_at timestamptz := clock_timestamp();
  role_name text := session_user;
  who text := nullif(current_setting('audit.actor', true), '');
  who_kind text := nullif(current_setting('audit.actor_kind', true), '');
  with_what text := nullif(current_setting('audit.application', true), '');
  request text := nullif(current_setting('audit.correlation_id', true), '');
  why text := nullif(current_setting('audit.reason', true), '');${changedColumns ? changedColumnsVariables : ''}
begin
  if who_kind is null and who is not null then
    who_kind := 'human';
  end if;
  if with_what is null then
    with_what := nullif(current_setting('application_name'), '');
  end if;
  if tg_op <> 'INSERT' then
    old_image := to_jsonb(old);
    image := old_image;
  end if;
  if tg_op <> 'DELETE' then
    new_image := to_jsonb(new);
    image := new_image;
  end if;
  -- The names of the key's columns are the trigger's arguments, so that no catalogue is read for each row.
  if tg_nargs = 1 then
    key := jsonb_build_object(tg_argv[0], image -> tg_argv[0]);
  elsif tg_nargs = 2 then
    key := jsonb_build_object(tg_argv[0], image -> tg_argv[0], tg_argv[1], image -> tg_argv[1]);
  elsif tg_nargs > 2 then
    select jsonb_object_agg(name, image -> name) into key from unnest(tg_argv) as name;
  end if;
  if pg_column_size(key) > ${largestKey} then
    key := audit.bounded_key(key);
  end if;${changedColumns ? keepChangedColumns : ''}
  insert into audit.log (id, xact_id, ts, op, relid, table_schema, table_name, pk, old_row, new_row, session_role, ${attributed})
  values (
    record_id, xact, recorded_at, ${changedColumns ? 'operation' : 'tg_op'}, tg_relid, tg_table_schema, tg_table_name, key, old_image, new_image, role_name,
    who, who_kind, with_what, request, why
  );
  return null;
end
$kop$;
alter function audit.record() owner to ${writerRoles.owner};

create or replace function audit.record_truncate() returns trigger
language plpgsql security definer${pinned}
as $kop$
begin
  insert into audit.log (op, relid, table_schema, table_name, ${attributed})
  values (
    tg_op, tg_relid, tg_table_schema, tg_table_name,${attribution}
  );
  return null;
end
$kop$;
alter function audit.record_truncate() owner to ${writerRoles.owner};

-- What a table held when its recording began, or after a rewrite by DDL: select audit.baseline('public.clients');
-- No record of a change may come to stand before a snapshot of the row from before it. So writers of the table wait while its
-- rows are counted and each gets an id: every change after that gets a higher one, and a row that has such a record needs no
-- snapshot. A subtransaction gives the lock back by failing. The lock stays until the end where rows have no key, where later
-- queries of the transaction do not see what was committed meanwhile, and where records of updates need a whole one before them.
create or replace function audit.baseline(target regclass) returns bigint
language plpgsql${pinned}
  set lock_timeout = '5s'
as $kop$
declare
  key_columns constant text[] := audit.key_columns(target);
  recorded bigint;
  ids bigint[];
begin
  begin
    execute format('lock table only %s in share mode', target);
    execute format('select array(select nextval(%L) from only %s)', 'audit.log_id_seq', target) into ids;
    if key_columns <> '{}' and current_setting('transaction_isolation') = 'read committed'
      and to_regprocedure('audit.whole_row(audit.log)') is null then
      raise exception using errcode = 'KOP01';
    end if;
  exception when sqlstate 'KOP01' then
    null;
  end;
  execute format(
    $sql$
    insert into audit.log (id, op, relid, table_schema, table_name, pk, new_row, ${attributed})
    select $1[row_number() over ()], 'SNAPSHOT', %1$s, %2$L, %3$L, key, image,${attribution}
    from only %2$I.%3$I t
      cross join lateral (select to_jsonb(t) as image offset 0) i
      cross join lateral (select audit.bounded_key((select jsonb_object_agg(name, image -> name) from unnest(%4$L::text[]) as name)) as key offset 0) k
    where not exists (select from audit.log l
      where l.table_schema = %2$L and l.table_name = %3$L and l.pk = k.key and l.id > $1[cardinality($1)])
    $sql$,
    target::oid,
    (select n.nspname from pg_class c join pg_namespace n on n.oid = c.relnamespace where c.oid = target),
    (select relname from pg_class where oid = target),
    key_columns
  ) using ids;
  get diagnostics recorded = row_count;
  return recorded;
end
$kop$;

-- After an installation with a baseline, and again where it was cut off.
create or replace function audit.baseline_missing() returns setof text
language plpgsql set search_path = pg_catalog, pg_temp
as $kop$
declare
  target oid;
begin
  for target in
    select c.oid from pg_class c join pg_namespace n on n.oid = c.relnamespace
    where exists (select from pg_trigger t where t.tgrelid = c.oid and t.tgfoid = 'audit.record()'::regprocedure and not t.tgisinternal)
      and not exists (select from audit.log l where l.table_schema = n.nspname and l.table_name = c.relname and l.op = 'SNAPSHOT')
    order by n.nspname, c.relname
  loop
    perform audit.baseline(target);
    return next target::regclass::text;
  end loop;
end
$kop$;${changedColumns ? wholeRowFunction() : ''}`;
}
