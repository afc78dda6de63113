import type { KeyTable } from '../../../pack/encryption/model.js';
import { ident, tableSql } from '../../runtime/postgres/quote.js';
import type { ScanQuery } from '../scan/database.js';
import type { KeyKnowledge } from './versions.js';

/** A portal rotates a few times a year; older versions than these are not used any more. */
const MAX_ROTATIONS = 1000;

interface RotationRow extends Record<string, unknown> {
  readonly version: string | null;
  readonly before: string | null;
  readonly at: number | null;
  readonly status: string | null;
}

/** The statuses of a rotation, and whether it has created its version. */
const STATUSES: ReadonlyMap<string | null, boolean> = new Map([
  ['completed', true],
  ['in_progress', true],
  ['failed', false],
]);

/** A status is a word; any other text is not repeated in messages. */
const WORD = /^[a-z][a-z _-]{0,30}$/;

export interface KeyTableRead {
  readonly knowledge: KeyKnowledge;
  /** What the table does not contain, or has as an unknown status. */
  readonly problem?: string;
}

/**
 * The versions of a key from a table of rotations. A rotation in progress has already created its version, so
 * ciphertext under it is valid; the key counts as rotated when the rotation is completed. A rotation with an unknown
 * status counts neither as created nor as failed: its version is undecided, and this is reported.
 */
export async function readKeyTable(query: ScanQuery, table: KeyTable): Promise<KeyTableRead> {
  const rows = await query<RotationRow>(
    `select ${ident(table.version)}::text as version, to_jsonb(r) ->> 'old_key_version' as before,
      extract(epoch from ${ident(table.rotatedAt)}::timestamptz)::float8 as at,
      ${table.status === undefined ? "'completed'" : `lower(trim(${ident(table.status)}::text))`} as status
    from ${tableSql(table.table)} r where ${ident(table.key)}::text = $1
    order by ${ident(table.rotatedAt)} desc nulls last limit ${MAX_ROTATIONS}`,
    [table.means],
  );
  const made = rows.filter(({ status }) => STATUSES.get(status) === true);
  // The version before a rotation exists, whatever the result of the rotation is.
  const versions = [...new Set([...made.map(({ version }) => version), ...rows.map(({ before }) => before)])].filter(
    (version) => version !== null,
  );
  const undecided = rows.flatMap(({ status, version }) =>
    STATUSES.has(status) || version === null || versions.includes(version) ? [] : [version],
  );
  const done = made.filter(({ status, at }) => status === 'completed' && at !== null).map(({ at }) => at ?? 0);
  const [latest] = versions;
  const problem = latest === undefined ? `${table.table} holds no version of '${table.means}'` : undefined;
  const told = unknownStatuses(rows, table) ?? problem;
  return {
    knowledge: {
      versions,
      ...(undecided.length === 0 ? {} : { undecided: [...new Set(undecided)] }),
      ...(latest === undefined ? {} : { latest }),
      ...(done.length === 0 ? {} : { rotatedAtSeconds: Math.max(...done) }),
    },
    ...(told === undefined ? {} : { problem: told }),
  };
}

function unknownStatuses(rows: readonly RotationRow[], { table, means }: KeyTable): string | undefined {
  const unknown = rows.filter(({ status }) => !STATUSES.has(status));
  if (unknown.length === 0) return undefined;
  const words = new Set(
    unknown.map(({ status }) => (status !== null && WORD.test(status) ? `'${status}'` : 'no word')),
  );
  const known = [...STATUSES.keys()].join(', ');
  return `the status of ${unknown.length} rotations of '${means}' in ${table} is not known (${[...words].slice(0, 3).join(', ')}; known are ${known}), so it is unknown whether their versions exist`;
}
