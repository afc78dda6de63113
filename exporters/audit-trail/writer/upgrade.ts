import { createEventTriggers } from './event-triggers.js';
import { guard } from './guard.js';
import { begin, type InstallOptions, replaceable } from './install.js';
import { writerRoles, writerVersion } from './names.js';
import { joinRoles } from './roles.js';
import { storeImages } from './tables.js';

/** What leads from the version before to this one, by the version it leads to. Version 1 is the first. */
const steps: Readonly<Record<number, string>> = {
  2: 'alter table audit.log drop constraint if exists log_op_check;',
  3: storeImages(),
};

/**
 * Brings an older installation to this version; scope, records and roles stay as they are.
 *
 * @param changedColumns as for `installSql`; without it, rows are recorded whole from then on.
 */
export function upgradeSql({ changedColumns = false }: Pick<InstallOptions, 'changedColumns'> = {}): string {
  return [
    begin('Upgrades an installation', [
      'functions, grants and event triggers become those of this version',
      'tables in scope that lack a trigger get it; a trigger that somebody disabled stays disabled',
    ]),
    guard(`
  if installed is null then
    raise exception 'there is nothing to upgrade: kop audit install has not been run here';
  end if;
  if installed > ${writerVersion} then
    raise exception 'version % is installed, which is newer than this script for version ${writerVersion}; nothing was changed', installed
      using hint = 'Use the kop that installed it, or a newer one.';
  end if;`),
    joinRoles([writerRoles.owner]),
    ...Object.entries(steps).map(([version, step]) => `-- To version ${version}.\n${step}`),
    replaceable(changedColumns),
    `
insert into audit.installation (version, baseline)
  select ${writerVersion}, baseline from audit.installation order by version desc limit 1
  on conflict (version) do nothing;
select audit.enrol_all() as table_enrolled;`,
    createEventTriggers(),
    '\ncommit;\n',
  ].join('\n');
}
