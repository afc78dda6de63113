import { eventTriggers, printedLiteral } from './names.js';

/**
 * Event triggers record DDL and enrol tables as they appear. They run as whoever installs, because the owner of a new
 * table need not be able to see the log; nobody can call them otherwise.
 */
export function eventTriggerFunctions(): string {
  const columns = 'event, tag, object_type, object_identity, relid, detail, actor, application';
  const who = `nullif(current_setting('audit.actor', true), ''), current_setting('application_name')`;
  return `
create or replace function audit.on_ddl() returns event_trigger
language plpgsql security definer set search_path = pg_catalog, pg_temp
as $kop$
declare
  command record;
  leaf oid;
begin
  if tg_tag in ('CREATE CAST', 'CREATE EXTENSION', 'ALTER EXTENSION', 'ALTER FUNCTION') then
    perform audit.refuse_casts();
  end if;
  for command in select * from pg_event_trigger_ddl_commands() loop
    continue when command.schema_name = 'pg_temp';
    insert into audit.ddl_log (${columns})
    values (tg_event, command.command_tag, command.object_type, command.object_identity,
      case when command.classid = 'pg_class'::regclass then command.objid end, null, ${who});
    if command.classid = 'pg_class'::regclass
      and command.command_tag in ('CREATE TABLE', 'CREATE TABLE AS', 'SELECT INTO', 'ALTER TABLE') then
      for leaf in select command.objid union select relid from pg_partition_tree(command.objid) loop
        perform audit.enrol(leaf);
      end loop;
    end if;
  end loop;
end
$kop$;

create or replace function audit.on_drop() returns event_trigger
language plpgsql security definer set search_path = pg_catalog, pg_temp
as $kop$
begin
  insert into audit.ddl_log (${columns})
  select tg_event, tg_tag, object_type, object_identity,
    case when classid = 'pg_class'::regclass then objid end, null, ${who}
  from pg_event_trigger_dropped_objects()
  where not is_temporary and (original or object_type in ('table', 'trigger', 'function', 'table column'));
end
$kop$;

create or replace function audit.on_rewrite() returns event_trigger
language plpgsql security definer set search_path = pg_catalog, pg_temp
as $kop$
begin
  insert into audit.ddl_log (${columns})
  values (tg_event, tg_tag, 'table', pg_event_trigger_table_rewrite_oid()::regclass::text,
    pg_event_trigger_table_rewrite_oid(), 'reason ' || pg_event_trigger_table_rewrite_reason(), ${who});
end
$kop$;`;
}

/**
 * After everything else, so that the installation does not record itself. PostgreSQL lets only a superuser make event
 * triggers; some managed servers let their substitute for one, for all events or for some.
 */
export function createEventTriggers(): string {
  return `
do $kop$
declare
  wanted record;
  refused text[] := '{}';
begin
  for wanted in
    select * from (values
${Object.entries(eventTriggers)
  .map(
    ([name, { event, callee }]) =>
      `      (${printedLiteral(name)}, ${printedLiteral(event)}, ${printedLiteral(callee)})`,
  )
  .join(',\n')}
    ) as w (name, event, callee)
  loop
    begin
      if not exists (select from pg_event_trigger where evtname = wanted.name) then
        execute format('create event trigger %I on %s execute function %s()', wanted.name, wanted.event, wanted.callee);
      end if;
      execute format('alter event trigger %I enable always', wanted.name);
    exception when insufficient_privilege then
      refused := refused || format('%s (%s)', wanted.name, wanted.event);
    end;
  end loop;
  if refused <> '{}' then
    raise warning 'not made, because % may not: event trigger %', current_user, array_to_string(refused, ', ')
      using hint = 'Without kop_audit_ddl a table that appears is not recorded until somebody runs: select audit.enrol_all(); make it the last step of each migration. Changes of the schema are not logged.';
  end if;
end
$kop$;`;
}

export function dropEventTriggers(): string {
  return Object.keys(eventTriggers)
    .map((name) => `\ndrop event trigger if exists ${name};`)
    .join('');
}
