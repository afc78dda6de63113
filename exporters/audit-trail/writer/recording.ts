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
 */
export function recordingFunctions(): string {
  return `
-- An application says who acts at the beginning of each transaction:
--   select set_config('audit.actor', '42', true), set_config('audit.correlation_id', '…', true),
--     set_config('audit.reason', '…', true), set_config('audit.actor_kind', 'machine', true);
create or replace function audit.record() returns trigger
language plpgsql security definer${pinned}
as $kop$
declare
  old_image jsonb;
  new_image jsonb;
  key jsonb;
begin
  if tg_op <> 'INSERT' then
    old_image := to_jsonb(old);
  end if;
  if tg_op <> 'DELETE' then
    new_image := to_jsonb(new);
  end if;
  -- The names of the key's columns are the trigger's arguments, so that no catalogue is read for each row.
  select jsonb_object_agg(name, coalesce(new_image, old_image) -> name) into key from unnest(tg_argv) as name;
  insert into audit.log (op, relid, table_schema, table_name, pk, old_row, new_row, ${attributed})
  values (
    tg_op, tg_relid, tg_table_schema, tg_table_name, key, old_image, new_image,${attribution}
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
create or replace function audit.baseline(target regclass) returns bigint
language plpgsql${pinned}
as $kop$
declare
  recorded bigint;
begin
  execute format(
    $sql$
    insert into audit.log (op, relid, table_schema, table_name, pk, new_row, ${attributed})
    select 'SNAPSHOT', %1$s, %2$L, %3$L,
      (select jsonb_object_agg(name, image -> name) from unnest(%4$L::text[]) as name), image,${attribution}
    from (select to_jsonb(t) as image from only %2$I.%3$I t) s
    $sql$,
    target::oid,
    (select n.nspname from pg_class c join pg_namespace n on n.oid = c.relnamespace where c.oid = target),
    (select relname from pg_class where oid = target),
    audit.key_columns(target)
  );
  get diagnostics recorded = row_count;
  return recorded;
end
$kop$;`;
}
