import { eventTriggers, installMark, printedLiteral, triggerNames, writerRoles, writerTables } from './names.js';

/**
 * Refuses, before anything is changed, where something of the same name was made by somebody else.
 *
 * @param versionCheck PL/pgSQL that judges `installed`, the version found; null when there is none.
 */
export function guard(versionCheck: string): string {
  return `
do $kop$
declare
  mark constant text := ${printedLiteral(installMark)};
  installed integer;
  found text;
begin
  if to_regnamespace('audit') is not null then
    if obj_description(to_regnamespace('audit'), 'pg_namespace') is distinct from mark then
      raise exception 'schema "audit" exists and was not made by kop audit install; nothing was changed'
        using hint = 'Rename it (alter schema audit rename to …), or keep the trail that is there and describe it with records: in pack.yaml.';
    end if;
    foreach found in array array[${writerTables.map(printedLiteral).join(', ')}] loop
      if to_regclass('audit.' || found) is not null
        and obj_description(to_regclass('audit.' || found), 'pg_class') is distinct from mark then
        raise exception 'table audit.% exists and was not made by kop audit install; nothing was changed', found
          using hint = 'Rename that table, then run this again.';
      end if;
    end loop;
    if to_regclass('audit.installation') is not null then
      execute 'select max(version) from audit.installation' into installed;
    end if;
  end if;
  foreach found in array array[${Object.values(writerRoles).map(printedLiteral).join(', ')}] loop
    if exists (select from pg_roles where rolname = found and shobj_description(oid, 'pg_authid') is distinct from mark) then
      raise exception 'role % exists and was not made by kop audit install; nothing was changed', found
        using hint = 'Rename that role, then run this again.';
    end if;
  end loop;
  foreach found in array array[${Object.keys(eventTriggers).map(printedLiteral).join(', ')}] loop
    if exists (
      select from pg_event_trigger e join pg_proc p on p.oid = e.evtfoid
      where e.evtname = found and p.pronamespace is distinct from to_regnamespace('audit')
    ) then
      raise exception 'event trigger % exists and was not made by kop audit install; nothing was changed', found
        using hint = 'Rename that event trigger, then run this again.';
    end if;
  end loop;
  select format('%s on %s', t.tgname, t.tgrelid::regclass) into found
  from pg_trigger t join pg_proc p on p.oid = t.tgfoid
  where t.tgname in (${Object.values(triggerNames).map(printedLiteral).join(', ')})
    and p.pronamespace is distinct from to_regnamespace('audit')
  limit 1;
  if found is not null then
    raise exception 'trigger % exists and was not made by kop audit install; nothing was changed', found
      using hint = 'Rename that trigger, then run this again.';
  end if;
  ${versionCheck.trim()}
end
$kop$;`;
}
