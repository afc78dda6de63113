import { textSettings } from '../../runtime/postgres/settings.js';

/** Names of what the writer makes. Everything that it makes carries the mark; nothing without the mark is changed. */

/** Raise it with every change of tables, and write what leads there from the version before into upgrade.ts. */
export const writerVersion = 3;

export const installMark = 'Kingston Observability Pack: audit trail, made by kop audit install';

export const writerRoles = {
  owner: 'kop_audit_owner',
  observer: 'kop_audit_observer',
  sealer: 'kop_audit_sealer',
  witness: 'kop_audit_witness',
} as const;

export const triggerNames = { row: 'kop_audit_row', truncate: 'kop_audit_truncate' } as const;

export const eventTriggers = {
  kop_audit_ddl: { event: 'ddl_command_end', callee: 'audit.on_ddl' },
  kop_audit_drop: { event: 'sql_drop', callee: 'audit.on_drop' },
  kop_audit_rewrite: { event: 'table_rewrite', callee: 'audit.on_rewrite' },
} as const;

/** In the order in which they can be dropped. */
export const writerTables = ['log', 'ddl_log', 'scope', 'installation'] as const;

/**
 * In every function that makes images: a session with other settings would store another text for the same value, and
 * each such record would look like tampering.
 */
export const pinned = ['search_path = pg_catalog, pg_temp']
  .concat(Object.entries(textSettings).map(([name, value]) => `${name} = ${printedLiteral(value)}`))
  .map((setting) => `\n  set ${setting}`)
  .join('');

export function printedLiteral(text: string): string {
  // A backslash means something in E'…' only, which is never written here.
  return `'${text.replaceAll("'", "''")}'`;
}
