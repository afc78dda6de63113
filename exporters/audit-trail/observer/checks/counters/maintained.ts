import { type QualifiedName, textOf } from '../../../../runtime/postgres/quote.js';
import type { Session } from '../../../../runtime/postgres/read-only.js';
import type { RecordsSql } from '../../../records/sql.js';
import type { FastPoll } from '../../check.js';
import type { CountersLedger } from './invariants.js';
import { countOf } from './sample.js';
import type { MismatchStep } from './steps.js';

type Noted = Pick<FastPoll, 'tables' | 'known' | 'pace' | 'facts' | 'isUnderMaintenance' | 'now'>;

/** Tables under maintenance now, or not long ago, and how many changes without a record their own counters hold at most. */
export interface Maintained {
  readonly labels: readonly string[];
  readonly changes: number;
}

/**
 * Notes what was counted in a table when its maintenance began. Mismatches settle later than the changes, so a table stays noted
 * for a while after the maintenance has ended.
 */
export function noteMaintenance(ledger: CountersLedger, { tables, known, pace, facts, ...poll }: Noted): void {
  const before = known.looks.at(-2);
  const noted = ledger.maintained?.tables ?? {};
  const now = poll.now();
  // Until a change of its last moment was seen, and seen again when it had settled; a poll may come late.
  const settledAfterMs = pace.settleMs + 3 * (now - (before?.at ?? now));
  const kept = tables.flatMap(({ label, leaves }) => {
    const own = noted[label];
    const isOver = !poll.isUnderMaintenance(label);
    if (isOver && (own === undefined || now - own.seenAt > settledAfterMs)) return [];
    const { from, counts } = own ?? { from: before?.xmax ?? facts.xmax.toString(), counts: countedIn(ledger, leaves) };
    return [[label, { from, counts, seenAt: isOver && own !== undefined ? own.seenAt : now }] as const];
  });
  if (kept.length === 0) delete ledger.maintained;
  else ledger.maintained = { tables: Object.fromEntries(kept), used: ledger.maintained?.used ?? {} };
}

/**
 * Changes counted in these tables since then, less their records. Those of the newest transactions may not be counted yet, so
 * their records are not taken off.
 */
export async function maintainedNow(
  session: Session,
  sql: RecordsSql,
  { maintained, ...ledger }: CountersLedger,
  { tables, known, pace, now }: Noted,
): Promise<Maintained | undefined> {
  if (maintained === undefined) return undefined;
  const to = known.looks.findLast(({ at }) => at <= now() - pace.settleMs)?.xmin;
  let changes = 0;
  const labels = Object.keys(maintained.tables);
  for (const { label, name, leaves } of tables) {
    const noted = maintained.tables[label];
    if (noted === undefined) continue;
    const recorded = await recordsOf(session, sql, [name, ...leaves], { from: noted.from, to });
    changes += Math.max(0, countedIn(ledger, leaves) - noted.counts - recorded);
  }
  return { labels, changes };
}

/** The part of a step that the maintenance of some tables explains, where others may have caused it, too. */
export function partOf(
  { maintained }: Pick<CountersLedger, 'maintained'>,
  { invariant, amount }: MismatchStep,
  changes: number,
): number {
  const left = Math.max(0, changes - (maintained?.used[invariant] ?? 0));
  return Math.sign(amount) * Math.min(Math.abs(amount), left);
}

export function useMaintenance(
  { maintained }: CountersLedger,
  invariant: MismatchStep['invariant'],
  part: number,
): void {
  if (maintained !== undefined) maintained.used[invariant] = (maintained.used[invariant] ?? 0) + Math.abs(part);
}

/** Records of changes in tables, by transactions `from <= xid8 < to`. */
export async function recordsOf(
  session: Session,
  sql: RecordsSql,
  tables: readonly QualifiedName[],
  { from, to }: { readonly from: string; readonly to?: string | undefined },
): Promise<number> {
  if (sql.txidType === undefined || tables.length === 0) return 0;
  const names = [...new Map(tables.map((table) => [textOf(table), table])).values()].map((table) =>
    sql.ofTable('r', table),
  );
  const end = to === undefined ? '' : ` and r.txid < $2::${sql.txidType}`;
  const [row] = await session.query<{ n: number }>(
    `select count(*)::int as n from ${sql.live} r
     where r.txid >= $1::${sql.txidType}${end} and r.op in ('INSERT', 'UPDATE', 'DELETE') and (${names.join(' or ')})`,
    to === undefined ? [from] : [from, to],
  );
  return row?.n ?? 0;
}

function countedIn(
  { last, masks }: Pick<CountersLedger, 'last' | 'masks'>,
  leaves: readonly { readonly oid: string }[],
) {
  return leaves.reduce((sum, { oid }) => sum + countOf(last.audited[oid] ?? [0, 0, 0], masks[oid] ?? 0), 0);
}
