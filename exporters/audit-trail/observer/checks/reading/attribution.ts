import type { Attribution, AttributionField } from '../../../../../pack/audit-trail/model.js';
import { likePattern, literal } from '../../../../runtime/postgres/quote.js';
import type { Session } from '../../../../runtime/postgres/read-only.js';
import type { RecordsWindow } from '../../../records/reader.js';
import type { RecordsSql } from '../../../records/sql.js';

export const actorKinds = ['human', 'machine', 'shared', 'none', 'unresolved'] as const;
export type ActorKind = (typeof actorKinds)[number];
const machineWords = ['machine', 'system', 'service', 'job', 'migration'] as const;

const columns: Readonly<Record<AttributionField, string>> = {
  actor: 'actor',
  at: 'at',
  rowKey: 'key',
  application: 'app',
  correlation: 'corr',
  reason: 'reason',
};

/** Attribution. Jobs and migrations have no person and no reason; they are counted separately, never as missing. */
const ATTRIBUTION = (sql: RecordsSql, window: RecordsWindow, attribution: Attribution, listed: string | undefined) => {
  const like = (patterns: readonly string[]) =>
    patterns.length === 0
      ? 'false'
      : `a.actor like any (array[${patterns.map((pattern) => literal(likePattern(pattern))).join(', ')}])`;
  const kind = `case when a.kind = any (array[${machineWords.map(literal).join(', ')}]) or ${like(attribution.machineActors)} then 'machine'
    when coalesce(btrim(a.actor), '') = '' then 'none' when ${like(attribution.sharedActors)} then 'shared'
    ${listed === undefined ? '' : `when not (a.actor in (${listed})) then 'unresolved'`} else 'human' end`;
  const withoutField = attribution.required.map((field) => {
    // A TRUNCATE is of no one row.
    const applies = field === 'rowKey' ? `and b.op <> 'TRUNCATE'` : '';
    return `count(*) filter (where b.who <> 'machine' ${applies} and coalesce(btrim(b.${columns[field]}::text), '') = '')::int as ${field.toLowerCase()}`;
  });
  return `
select ${actorKinds.map((who) => `count(*) filter (where b.who = '${who}')::int as ${who}`).join(', ')}
  ${withoutField.map((item) => `, ${item}`).join('')}
from (select a.*, ${kind} as who from ${sql.live} a where ${window.where('a')} and a.op in ('INSERT', 'UPDATE', 'DELETE', 'TRUNCATE')) b`;
};

export interface AttributionResult {
  readonly actors: Readonly<Record<ActorKind, number>>;
  /** Records of humans, shared accounts and nobody without the field; only required fields. */
  readonly missing: Readonly<Partial<Record<AttributionField, number>>>;
}

export async function checkAttribution(
  session: Session,
  sql: RecordsSql,
  window: RecordsWindow,
  attribution: Attribution,
  listed: string | undefined,
): Promise<AttributionResult> {
  const [row] = await session.query<Record<string, number>>(
    ATTRIBUTION(sql, window, attribution, listed),
    window.params,
  );
  const count = (name: string) => row?.[name] ?? 0;
  return {
    actors: {
      human: count('human'),
      machine: count('machine'),
      shared: count('shared'),
      none: count('none'),
      unresolved: count('unresolved'),
    },
    missing: Object.fromEntries(attribution.required.map((field) => [field, count(field.toLowerCase())])),
  };
}
