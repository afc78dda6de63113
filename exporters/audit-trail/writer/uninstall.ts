import { dropEventTriggers } from './event-triggers.js';
import { guard } from './guard.js';
import { begin } from './install.js';
import { printedLiteral, writerRoles, writerTables } from './names.js';
import { joinRoles } from './roles.js';

export interface UninstallOptions {
  /** Whether the records go too. Otherwise the script refuses while there are any: the law may want them. */
  readonly discardRecords: boolean;
}

export function uninstallSql({ discardRecords }: UninstallOptions): string {
  return [
    begin('Uninstalls', ['triggers, event triggers, functions, tables, schema audit and the four roles']),
    guard(`
  if to_regnamespace('audit') is null then
    raise exception 'there is nothing to uninstall: schema audit does not exist';
  end if;
  if not ${discardRecords} and exists (select from audit.log) then
    raise exception 'audit.log holds records; nothing was changed'
      using hint = 'Keep them elsewhere (pg_dump --table=audit.*), then run what kop audit install --print uninstall --discard-records prints.';
  end if;`),
    joinRoles(Object.values(writerRoles)),
    dropEventTriggers(),
    `
do $kop$
declare
  found record;
begin
  for found in
    select t.tgname, n.nspname, c.relname
    from pg_trigger t join pg_proc p on p.oid = t.tgfoid join pg_class c on c.oid = t.tgrelid
      join pg_namespace n on n.oid = c.relnamespace
    where p.pronamespace = to_regnamespace('audit') and not t.tgisinternal and t.tgparentid = 0
  loop
    execute format('drop trigger %I on %I.%I', found.tgname, found.nspname, found.relname);
  end loop;
end
$kop$;
drop function if exists audit.on_ddl(), audit.on_drop(), audit.on_rewrite(), audit.enrol_all(), audit.enrol(oid),
  audit.in_scope(oid), audit.baseline(regclass), audit.key_columns(oid), audit.maintain_partitions(integer),
  audit.record(), audit.record_truncate(), audit.bounded_key(jsonb),
  audit.refuse_casts(), audit.baseline_missing(), audit.whole_row(audit.log);
${writerTables.map((table) => `drop table if exists audit.${table};`).join('\n')}
-- Not cascade: what else somebody keeps in this schema is not ours to drop, and is named by the message.
drop schema audit;
do $kop$
declare
  name text;
begin
  foreach name in array array[${Object.values(writerRoles).map(printedLiteral).join(', ')}] loop
    continue when not exists (select from pg_roles where rolname = name);
    if exists (
      select from pg_shdepend d join pg_database b on b.oid = d.dbid and b.datname = current_database()
      where d.refclassid = 'pg_authid'::regclass and d.refobjid = name::regrole and d.deptype = 'o'
    ) then
      raise warning 'role % owns other things in this database, and stays', name;
      continue;
    end if;
    execute format('drop owned by %I', name);
    begin
      execute format('drop role %I', name);
    exception when dependent_objects_still_exist then
      raise warning 'role % is used in another database, and stays', name;
      -- Joined only to drop what it had here. The owner's member stays one: installing again elsewhere needs it.
      if name <> ${printedLiteral(writerRoles.owner)} and not (select rolsuper from pg_roles where rolname = current_user) then
        execute format('revoke %I from %I', name, current_user);
      end if;
    end;
  end loop;
end
$kop$;`,
    '\ncommit;\n',
  ].join('\n');
}
