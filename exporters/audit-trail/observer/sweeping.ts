import { type Failure, failureOf } from '../../runtime/postgres/failure.js';
import { readFacts } from '../database/facts.js';
import { confirm } from './alarms.js';
import { type TrailContext, tableMemory } from './context.js';
import { ifSlow } from './evidence.js';
import { newSweep, type Sweep, type TableMemory } from './memory.js';
import { isOrderLost } from './ordering.js';
import type { Plan } from './plan.js';
import type { Until } from './reading.js';
import { isReplaced, isUnseenStorage } from './replaced.js';
import { type ReplayUnit, replayKeys, replayRows } from './replay.js';

/** Rows per page: what one statement compares, well within a statement timeout. */
const PAGE_ROWS = 5000;
const ACCEPTED_IDS = 50_000;

/**
 * Replay, rolling. Suspect tables first and to their end, for as long as there is time; then those not proven in this
 * epoch and those whose sweep is oldest, within the rows that a cycle may compare.
 *
 * @returns `behind` when nothing was compared, because the standby shows the past.
 */
export async function sweepTables(context: TrailContext, plan: Plan, until: Until): Promise<'behind' | undefined> {
  // A row is missing its record, not unbaselined, only if its SNAPSHOT was read.
  if (context.memory.reading?.everCaughtUp !== true) return undefined;
  for (const label of context.sweepTroubles.keys()) if (!plan.units.has(label)) context.sweepTroubles.delete(label);
  let budget = context.trail.observe.replayRowsPerCycle;
  if (context.trail.replica !== undefined && !(await replicaIsCurrent(context, until))) return 'behind';
  const order = inOrder(context, [...plan.units.keys()]);
  for (const { label, isUrgent } of order) {
    const units = plan.units.get(label) ?? [];
    while (performance.now() < until.softDeadline && (isUrgent || budget > 0)) {
      const rows = isUrgent ? PAGE_ROWS : Math.min(PAGE_ROWS, budget);
      const compared = await context.turns.take(() => trySweepPage(context, label, units, rows, until));
      if (compared === undefined) break;
      budget -= Math.max(1, compared);
      if (tableMemory(context, label).sweep === undefined) break;
    }
  }
  projectPeriod(context, plan);
  return undefined;
}

/** A table that cannot be compared must not keep the others from it. @returns undefined when this one cannot. */
async function trySweepPage(...page: Parameters<typeof sweepPage>): Promise<number | undefined> {
  const [context, label, units, , until] = page;
  try {
    const compared = await sweepPage(...page);
    context.sweepTroubles.delete(label);
    return compared;
  } catch (error) {
    const failure = failureOf(error);
    if (failure.kind === 'connection' || failure.kind === 'cancelled') throw error;
    // Dropped since it was planned; the next quick look finds it gone.
    if (failure.kind === 'absent' && (await isGone(context, units, until))) return undefined;
    context.sweepTroubles.set(label, {
      reason: `rows cannot be compared: ${failure.reason}`,
      remedies: [...remediesOf(context, failure), ...ifSlow(failure)],
    });
    context.log.warn('rows of a table cannot be compared', { table: label, error });
    return undefined;
  }
}

async function isGone(context: TrailContext, units: readonly ReplayUnit[], until: Until): Promise<boolean> {
  const oids = units.map(({ oid }) => oid);
  const [row] = await context.heavy.look(until.signal, (session) =>
    session.query<{ n: number }>('select count(*)::int as n from pg_class where oid = any($1::oid[])', [oids]),
  );
  return row !== undefined && row.n < oids.length;
}

/** A standby that is behind shows the past; a sweep there would prove nothing about what is suspected now. */
async function replicaIsCurrent(context: TrailContext, until: Until): Promise<boolean> {
  const [primary] = await context.database.look(until.signal, (session) =>
    session.query<{ lsn: string }>('select pg_current_wal_insert_lsn()::text as lsn'),
  );
  const [standby] = await context.heavy.look(until.signal, (session) =>
    session.query<{ ready: boolean | null }>(
      'select not pg_is_in_recovery() or pg_last_wal_replay_lsn() >= $1::pg_lsn as ready',
      [primary?.lsn],
    ),
  );
  return standby?.ready === true;
}

function inOrder(context: TrailContext, labels: readonly string[]): { label: string; isUrgent: boolean }[] {
  const epochAt = context.memory.epoch?.startedAt ?? 0;
  const rank = (label: string): [number, number] => {
    const { suspicion, sweep, swept } = tableMemory(context, label);
    if (suspicion !== undefined) return [0, suspicion.openedAt];
    // One that was begun is ended first: its pages are of no use until the last.
    if (sweep !== undefined) return [1, sweep.startedAt];
    return [swept === undefined || swept.startedAt < epochAt ? 2 : 3, swept?.startedAt ?? 0];
  };
  return labels
    .map((label) => ({ label, rank: rank(label) }))
    .sort((a, b) => a.rank[0] - b.rank[0] || a.rank[1] - b.rank[1])
    .map(({ label, rank: [urgency] }) => ({ label, isUrgent: urgency === 0 }));
}

/** @returns how many rows or keys were compared; undefined when that has to wait for the next quick look. */
async function sweepPage(
  context: TrailContext,
  label: string,
  units: readonly ReplayUnit[],
  rows: number,
  until: Until,
): Promise<number | undefined> {
  const { sql, options } = context;
  const memory = tableMemory(context, label);
  const now = options.now();
  // Begun before the suspicion, it would prove nothing about it. One that was begun since is ended, even if there are
  // newer causes by then: as long as a fault goes on there always are, and it would never come past its first pages.
  const isStale =
    memory.sweep !== undefined && memory.suspicion !== undefined && memory.sweep.startedAt < memory.suspicion.openedAt;
  const sweep = isStale || memory.sweep === undefined ? newSweep(now) : memory.sweep;
  memory.sweep = sweep;
  const unit = units[sweep.unit];
  if (unit === undefined || sql === undefined) {
    endSweep(context, label, memory, sweep);
    return 0;
  }
  const begunAt = performance.now();
  const page = await context.heavy.look(until.signal, async (session) => {
    const facts = await readFacts(session);
    const replay = sweep.phase === 'rows' ? replayRows : replayKeys;
    const page = await replay(session, sql, facts, unit, sweep.cursor, rows);
    if (await isReplaced(session, sql, [unit.oid])) return 'void';
    return (await isUnseenStorage(session, unit.oid, memory.watched[unit.oid])) ? 'unseen' : page;
  });
  if (page === 'void') return 0;
  if (page === 'unseen') return undefined;
  sweep.busyMs += performance.now() - begunAt;
  sweep.compared += page.compared;
  sweep.unbaselined += page.unbaselined;
  sweep.lackingImages += page.lackingImages;
  const isBelieved =
    page.mismatches.length === 0 ||
    !(await context.database.look(until.signal, (session) => isOrderLost(context, session)));
  for (const { kind, finding } of isBelieved ? page.mismatches : []) {
    const outcome = confirm(context, finding);
    if (outcome === 'confirmed') sweep.mismatches[kind] = (sweep.mismatches[kind] ?? 0) + 1;
    if (outcome === 'postponed') sweep.postponed += 1;
  }
  if (page.accepted.length > 0 && memory.accepted !== undefined)
    memory.accepted.ids = [...memory.accepted.ids, ...page.accepted].slice(-ACCEPTED_IDS);
  advance(sweep, page.next);
  if (sweep.unit >= units.length) endSweep(context, label, memory, sweep);
  else context.metrics.replayProgress(label, progressOf(sweep, units.length, memory));
  return page.compared;
}

function advance(sweep: Sweep, next: readonly string[] | undefined): void {
  if (next !== undefined) {
    sweep.cursor = [...next];
    return;
  }
  delete sweep.cursor;
  if (sweep.phase === 'rows') sweep.phase = 'keys';
  else {
    sweep.phase = 'rows';
    sweep.unit += 1;
  }
}

function endSweep(context: TrailContext, label: string, memory: TableMemory, sweep: Sweep): void {
  const endedAt = context.options.now();
  const found = Object.values(sweep.mismatches).reduce((sum, n) => sum + n, 0);
  memory.swept = { ...sweep, endedAt, isClean: found === 0 && sweep.postponed === 0 };
  delete memory.sweep;
  if (sweep.postponed === 0) memory.postponed = {};
  if (memory.accepted !== undefined && sweep.startedAt >= memory.accepted.at) memory.accepted.isSweepPending = false;
  context.metrics.replayed(label, sweep.mismatches, endedAt);
  context.metrics.replayProgress(label, 1);
}

/** By what the sweep before compared: the best estimate of a table's size that needs no further query. */
function progressOf(sweep: Sweep, units: number, { swept }: TableMemory): number {
  if (swept !== undefined && swept.compared > 0) return Math.min(0.99, sweep.compared / swept.compared);
  return (sweep.unit + (sweep.phase === 'keys' ? 0.5 : 0)) / Math.max(1, units);
}

/** How long a sweep over everything takes at the present pace. */
function projectPeriod(context: TrailContext, plan: Plan): void {
  const swept = [...plan.units.keys()].flatMap((label) => context.memory.tables[label]?.swept ?? []);
  const compared = swept.reduce((sum, item) => sum + item.compared, 0);
  const busyMs = swept.reduce((sum, item) => sum + item.busyMs, 0);
  if (swept.length < plan.units.size || compared === 0) return;
  const { replayRowsPerCycle, confirmIntervalMs } = context.trail.observe;
  const cycleSeconds = confirmIntervalMs / 1000;
  context.metrics.sweepPeriod(Math.max(Math.ceil(compared / replayRowsPerCycle) * cycleSeconds, busyMs / 1000));
}

/** A sweep that failed is no proof; the next cycle goes on where it was. */
export function sweepFailed(context: TrailContext, error: unknown): void {
  const failure = failureOf(error);
  context.evidence.failed('replay', failure, remediesOf(context, failure));
  context.replayTrouble = failure.reason;
}

function remediesOf({ seen, trail }: TrailContext, { kind }: Failure): string[] {
  const { role = 'the observer' } = seen?.facts ?? {};
  if (kind !== 'privilege') return [];
  return [
    `GRANT SELECT ON ALL TABLES IN SCHEMA ${trail.scope.schemas.join(', ')} TO ${role}; with row-level security also ALTER ROLE ${role} BYPASSRLS`,
  ];
}
