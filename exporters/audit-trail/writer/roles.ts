import { installMark, printedLiteral, writerRoles } from './names.js';

/** Roles belong to the whole server, so another database's installation may have made them already. */
export function createRoles(): string {
  return `
-- Nobody logs in as these. Grant observer, sealer and witness to the login roles of the exporter, each to its own:
--   grant ${writerRoles.observer} to …;
do $kop$
declare
  name text;
begin
  foreach name in array array[${Object.values(writerRoles).map(printedLiteral).join(', ')}] loop
    if not exists (select from pg_roles where rolname = name) then
      execute format('create role %I nologin noinherit', name);
      execute format('comment on role %I is %L', name, ${printedLiteral(installMark)});
    end if;
  end loop;
end
$kop$;`;
}

/**
 * Who is no superuser may give things to a role, and drop them again, only as its member. From PostgreSQL 16 on the
 * maker of a role has the right to become one, but none of its rights yet.
 */
export function joinRoles(names: readonly string[]): string {
  return `
do $kop$
declare
  name text;
begin
  if (select rolsuper from pg_roles where rolname = current_user) then
    return;
  end if;
  foreach name in array array[${names.map(printedLiteral).join(', ')}] loop
    continue when not exists (select from pg_roles where rolname = name) or pg_has_role(current_user, name, 'usage');
    execute format('grant %I to %I', name, current_user)
      || case when current_setting('server_version_num')::int >= 160000 then ' with inherit true, set true' else '' end;
  end loop;
end
$kop$;`;
}

/** Said at each installation: it is true for as long as the role is a member. */
export function warnOfMembership(): string {
  return `
do $kop$
begin
  if not (select rolsuper from pg_roles where rolname = current_user) then
    raise warning 'role % stays a member of ${writerRoles.owner}, and so can write to the log', current_user
      using hint = 'No application may connect as this role. kop audit status lists it among those that can write to the log.';
  end if;
end
$kop$;`;
}

/** Each role gets what its component reads, and none but the owner can write. */
export function grants(): string {
  const { observer, sealer, witness } = writerRoles;
  return `
revoke all on all tables in schema audit from public;
revoke all on all functions in schema audit from public;
-- The witness finds nothing in there. But a role to which this database grants nothing would be dropped, with all its
-- members, when another database of this server is uninstalled.
grant usage on schema audit to ${observer}, ${sealer}, ${witness};
grant select on all tables in schema audit to ${observer};
grant select on audit.log_id_seq to ${observer};
-- Oldest open transaction, replication slots: without it others' sessions look empty. The role that logs in is a member of
-- ${observer}, so that ${observer} must inherit it to hand it on.
do $kop$
begin
  if current_setting('server_version_num')::int >= 160000 then
    execute 'grant pg_read_all_stats to ${observer} with inherit true';
  else
    alter role ${observer} inherit;
    grant pg_read_all_stats to ${observer};
  end if;
exception when insufficient_privilege then
  raise warning '${observer} was not granted pg_read_all_stats: it cannot see the transactions of other sessions'
    using hint = 'Have the administrator of the server run: grant pg_read_all_stats to ${observer}, with inherit true from PostgreSQL 16 on.';
end
$kop$;
grant select on audit.log, audit.installation to ${sealer};
-- The witness reads no table. Its login role needs REPLICATION, which no group can hand down.`;
}
