import type { KeyTable } from '../../../pack/index.js';
import type { Query } from '../scan/database.js';
import { identifier, tableSql } from '../scan/sql.js';
import type { KeyKnowledge } from './versions.js';

/** A portal rotates some times a year; older versions than these are gone. */
const MAX_ROTATIONS = 1000;

interface RotationRow extends Record<string, unknown> {
  readonly version: string | null;
  readonly before: string | null;
  readonly at: number | null;
  readonly status: string | null;
}

/**
 * The versions of a key from a log of rotations. A rotation in progress has made its version already, and so ciphertext
 * under it is right; the key counts as rotated when all is done.
 */
export async function readKeyTable(query: Query, table: KeyTable): Promise<KeyKnowledge> {
  const rows = await query<RotationRow>(
    `select ${identifier(table.version)}::text as version, to_jsonb(r) ->> 'old_key_version' as before,
      extract(epoch from ${identifier(table.rotatedAt)}::timestamptz)::float8 as at,
      ${table.status === undefined ? "'completed'" : `lower(${identifier(table.status)}::text)`} as status
    from ${tableSql(table.table)} r where ${identifier(table.key)}::text = $1
    order by ${identifier(table.rotatedAt)} desc nulls last limit ${MAX_ROTATIONS}`,
    [table.means],
  );
  const made = rows.filter(({ status }) => status !== 'failed');
  const versions = [...new Set([...made.map(({ version }) => version), ...made.map(({ before }) => before)])].filter(
    (version) => version !== null,
  );
  const done = made.filter(({ status, at }) => status === 'completed' && at !== null).map(({ at }) => at ?? 0);
  const [latest] = versions;
  return {
    versions,
    ...(latest === undefined ? {} : { latest }),
    ...(done.length === 0 ? {} : { rotatedAtSeconds: Math.max(...done) }),
  };
}
