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

/** Each role gets what its plane reads, and none but the owner can write. */
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
-- Oldest open transaction, replication slots: without it others' sessions look empty.
grant pg_read_all_stats to ${observer};
grant select on audit.log, audit.installation to ${sealer};
-- The witness reads no table. Its login role needs REPLICATION, which no group can hand down.`;
}
