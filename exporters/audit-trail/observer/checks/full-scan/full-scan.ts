import { z } from 'zod';
import { type Failure, failureOf } from '../../../../runtime/postgres/failure.js';
import { UnprovenReplica } from '../../../../runtime/postgres/replica-proof.js';
import { readFacts } from '../../../database/facts.js';
import type { DeepReadonly } from '../../../deep-readonly.js';
import { CannotCheck, type Check, type Outcome, type Poll } from '../../check.js';
import { forgotten } from '../../forgotten.js';
import { newScan, type Scan, type TableReplay } from '../../tables/memory.js';
import { isReplaced, isUnseenStorage } from '../../tables/storage.js';
import { ifSlow, judged, unknown } from '../../verdict/evidence.js';
import type { FindingVerdict } from '../../verdict/findings.js';
import { isOrderLost } from '../ordering.js';
import type { PlannedPoll } from '../plan.js';
import { refuseStalePlan } from '../stale-plan.js';
import type { ReplayPage, ReplayUnit } from './replay.js';
import { replayKeys } from './replay-keys.js';
import { replayRows } from './replay-rows.js';

/** Rows per page: what one statement compares, well within a statement timeout. */
const PAGE_ROWS = 5000;

interface Problem {
  readonly reason: string;
  readonly fixes: readonly string[];
}

interface Round {
  /** Why the replica proves nothing. What is suspect is then compared on the primary, and nothing else. */
  readonly doubt: (Problem & { readonly isBehind: boolean }) | undefined;
  /** In the order in which they are compared. */
  readonly order: readonly { readonly label: string; readonly isUrgent: boolean }[];
  /** Rows that this poll may still compare. */
  readonly rows: number;
}

export const replayMemorySchema = z.object({
  /** Why single tables cannot be compared, by label: their pages failed, and those of others did not. */
  problems: forgotten<Readonly<Record<string, Problem>>>(),
  round: forgotten<Round>(),
});
type Own = DeepReadonly<z.infer<typeof replayMemorySchema>> & {
  readonly tables: Readonly<Record<string, TableReplay>>;
};
type Result = Outcome<Own>;

/**
 * Replay, rolling: a full scan of each table against its last records, page by page. Suspect tables first and to their
 * end, for as long as there is time; then those not proven in this epoch and those whose scan is oldest, within the rows
 * that a poll may compare. A scan that failed is no proof; the next poll goes on where it was.
 */
export const fullScanCheck: Check<Own, PlannedPoll> = {
  name: 'replay',
  evidence: ['replay'],
  isExclusive: true,
  memory: replayMemorySchema.transform((own): Own => ({ ...own, tables: {} })),
  isLostWith: ({ kind }) => kind === 'connection',
  async run(poll, own) {
    if (poll.runs === 0 || own.round === undefined) return await begin(poll, own);
    const { round } = own;
    const [turn] = round.order;
    if (turn === undefined) return end(poll, own, round);
    const isInTime = performance.now() < poll.deadline && (turn.isUrgent || round.rows > 0);
    return isInTime ? await tryPage(poll, own, round, turn) : { memory: passed(own, round), isMore: true };
  },
  show({ tables }, metrics, before) {
    for (const [label, { scanned }] of Object.entries(tables))
      if (scanned !== undefined && scanned !== before?.tables[label]?.scanned)
        metrics.replayed(label, scanned.mismatches, scanned.endedAt);
  },
  fixes: privilegeFixes,
};

function privilegeFixes({ kind }: Failure, { trail, facts: { role } }: Poll) {
  if (kind !== 'privilege') return [];
  return [
    `GRANT SELECT ON ALL TABLES IN SCHEMA ${trail.scope.schemas.join(', ')} TO ${role}; with row-level security also ALTER ROLE ${role} BYPASSRLS`,
  ];
}

async function begin(poll: PlannedPoll, own: Own): Promise<Result> {
  const { plan, trail, known } = poll;
  // A row is missing its record, not unbaselined, only if its SNAPSHOT was read.
  const hasRead = known.checks.reading.progress?.everCaughtUp === true;
  const labels = hasRead ? [...plan.units.keys()] : [];
  const problems = Object.entries(own.problems ?? {}).filter(([label]) => plan.units.has(label));
  const round = { doubt: undefined, order: inOrder(poll, labels), rows: trail.observe.replayRowsPerCycle };
  const first = { ...own, problems: Object.fromEntries(problems) };
  if (!hasRead || trail.replica === undefined) return { memory: { ...first, round }, isMore: true };
  // Asked also where nothing is due: that the replica is one is itself evidence.
  const doubt = await doubtOf(() => poll.readAside(() => Promise.resolve()));
  return { memory: { ...first, round: doubt === undefined ? round : inDoubt(round, doubt) }, isMore: true };
}

async function doubtOf(work: () => Promise<void>): Promise<UnprovenReplica | undefined> {
  try {
    await work();
    return undefined;
  } catch (error) {
    if (error instanceof UnprovenReplica) return error;
    throw error;
  }
}

function inDoubt(round: Round, { message: reason, fixes, isBehind }: UnprovenReplica): Round {
  return { ...round, doubt: { reason, fixes, isBehind }, order: round.order.filter(({ isUrgent }) => isUrgent) };
}

/** Where rows are compared in this round. */
function rowsOf({ read, readAside }: PlannedPoll, { doubt }: Round): Poll['read'] {
  return doubt === undefined ? readAside : read;
}

function inOrder({ known }: PlannedPoll, labels: readonly string[]): Round['order'] {
  const epochAt = known.epoch?.startedAt ?? 0;
  const rank = (label: string): [number, number] => {
    const { suspicion, replay } = known.tables[label] ?? {};
    if (suspicion !== undefined) return [0, suspicion.openedAt];
    const { scan, scanned } = replay ?? {};
    // One that was begun is ended first: its pages are of no use until the last.
    if (scan !== undefined) return [1, scan.startedAt];
    return [scanned === undefined || scanned.startedAt < epochAt ? 2 : 3, scanned?.startedAt ?? 0];
  };
  return labels
    .map((label) => ({ label, rank: rank(label) }))
    .sort((a, b) => a.rank[0] - b.rank[0] || a.rank[1] - b.rank[1])
    .map(({ label, rank: [urgency] }) => ({ label, isUrgent: urgency === 0 }));
}

function passed(own: Own, round: Round): Own {
  return { ...own, round: { ...round, order: round.order.slice(1) } };
}

/** A table that cannot be compared must not prevent others from being compared. */
async function tryPage(poll: PlannedPoll, own: Own, round: Round, turn: Round['order'][number]): Promise<Result> {
  const { label } = turn;
  const units = poll.plan.units.get(label) ?? [];
  const { [label]: _, ...problems } = own.problems ?? {};
  try {
    const rows = turn.isUrgent ? PAGE_ROWS : Math.min(PAGE_ROWS, round.rows);
    return await comparePage(poll, { ...own, problems }, round, label, units, rows);
  } catch (error) {
    if (error instanceof UnprovenReplica) return { memory: { ...own, round: inDoubt(round, error) }, isMore: true };
    const failure = failureOf(error);
    if (failure.kind === 'connection' || failure.kind === 'cancelled') throw error;
    const memory = passed(own, round);
    // Dropped since it was planned, which the server reports in several ways; the next fast check finds it gone.
    if (failure.kind !== 'privilege' && (await isGone(rowsOf(poll, round), units))) return { memory, isMore: true };
    const fixes = [...privilegeFixes(failure, poll), ...ifSlow(failure)];
    const problem = { reason: `rows cannot be compared: ${failure.reason}`, fixes };
    const warnings = [{ message: 'rows of a table cannot be compared', detail: { table: label, error } }];
    return { memory: { ...memory, problems: { ...problems, [label]: problem } }, warnings, isMore: true };
  }
}

async function isGone(read: Poll['read'], units: readonly ReplayUnit[]): Promise<boolean> {
  const oids = units.map(({ oid }) => oid);
  const [row] = await read((session) =>
    session.query<{ n: number }>('select count(*)::int as n from pg_class where oid = any($1::oid[])', [oids]),
  );
  return row !== undefined && row.n < oids.length;
}

async function comparePage(
  poll: PlannedPoll,
  own: Own,
  round: Round,
  label: string,
  units: readonly ReplayUnit[],
  rows: number,
): Promise<Result> {
  const { sql, known } = poll;
  const before = own.tables[label] ?? {};
  const { suspicion, storage } = known.tables[label] ?? {};
  // Begun before the suspicion, it would prove nothing about it. One that was begun since is ended, even if there are
  // newer causes by then: as long as a fault goes on there always are, and it would never come past its first pages.
  const isStale = before.scan !== undefined && suspicion !== undefined && before.scan.startedAt < suspicion.openedAt;
  const scan = isStale || before.scan === undefined ? newScan(poll.now()) : before.scan;
  const after = (next: TableReplay, compared: number): Own => {
    const left = { ...round, rows: round.rows - Math.max(1, compared) };
    const memory = { ...own, tables: { ...own.tables, [label]: next } };
    // Ended: the next table follows.
    return next.scan === undefined ? passed(memory, left) : { ...memory, round: left };
  };
  const unit = units[scan.unit];
  if (unit === undefined) {
    const memory = after(ended(scan, poll.now()), 0);
    return { memory, record: (metrics) => metrics.replayProgress(label, 1), isMore: true };
  }
  const begunAt = performance.now();
  const page = await rowsOf(
    poll,
    round,
  )(async (session) => {
    const facts = await readFacts(session);
    const replay = scan.phase === 'rows' ? replayRows : replayKeys;
    const found = await replay(session, sql, facts, unit, scan.cursor, rows);
    // On a replica the catalogue is that of its rows.
    await refuseStalePlan(
      poll,
      session,
      found.mismatches.map(({ finding }) => finding),
    );
    if (await isReplaced(session, sql, [unit.oid])) return 'void';
    return (await isUnseenStorage(session, unit.oid, storage?.watched[unit.oid])) ? 'unseen' : found;
  });
  if (page === 'void') return { memory: after({ ...before, scan }, 0), isMore: true };
  // That has to wait for the next fast check.
  if (page === 'unseen') return { memory: passed(after({ ...before, scan }, 0), round), isMore: true };
  const busyMs = scan.busyMs + performance.now() - begunAt;
  const isLost = page.mismatches.length > 0 && (await poll.read((session) => isOrderLost(poll, session)));
  const mismatches = isLost ? [] : page.mismatches;
  const next = advanced({ ...scan, busyMs }, page);
  const progress = next.unit >= units.length ? 1 : progressOf(next, units.length, before);
  return {
    memory: after({ ...before, scan: next }, page.compared),
    findings: mismatches.map(({ finding }) => finding),
    afterwards(verdicts) {
      const judgedScan = withVerdicts(next, mismatches, verdicts);
      const isEnd = judgedScan.unit >= units.length;
      return after(isEnd ? ended(judgedScan, poll.now()) : { ...before, scan: judgedScan }, page.compared);
    },
    accepted: { table: label, ids: page.accepted },
    explanations: explanationsOf(label, page),
    isOrderLost: isLost,
    record: (metrics) => metrics.replayProgress(label, progress),
    isMore: true,
  };
}

function explanationsOf(table: string, { redefined, unpaired }: ReplayPage): NonNullable<Result['explanations']> {
  const reasons = [
    ...(redefined === 0 ? [] : [`${redefined} rows differ in columns that were redefined after their last record`]),
    ...(unpaired === 0
      ? []
      : [`the primary key was redefined, and ${unpaired} rows or records of before cannot be paired by it any more`]),
  ];
  return reasons.length === 0 ? [] : [{ table, reason: reasons.join('; ') }];
}

function advanced(scan: Scan, page: ReplayPage): Scan {
  const { cursor: _, ...counted } = {
    ...scan,
    compared: scan.compared + page.compared,
    unbaselined: scan.unbaselined + page.unbaselined,
    lackingImages: scan.lackingImages + page.lackingImages,
    untold: [...new Set([...scan.untold, ...page.untold])],
  };
  if (page.next !== undefined) return { ...counted, cursor: [...page.next] };
  return scan.phase === 'rows' ? { ...counted, phase: 'keys' } : { ...counted, phase: 'rows', unit: scan.unit + 1 };
}

function withVerdicts(scan: Scan, found: ReplayPage['mismatches'], verdicts: readonly FindingVerdict[]): Scan {
  const mismatches = { ...scan.mismatches };
  let { postponed } = scan;
  for (const [index, { kind }] of found.entries()) {
    if (verdicts[index] === 'confirmed') mismatches[kind] += 1;
    if (verdicts[index] === 'postponed') postponed += 1;
  }
  return { ...scan, mismatches, postponed };
}

function ended(scan: Scan, endedAt: number): TableReplay {
  const found = Object.values(scan.mismatches).reduce((sum, n) => sum + n, 0);
  return { scanned: { ...scan, endedAt, isClean: found === 0 && scan.postponed === 0 } };
}

/** By what the scan before compared: the best estimate of a table's size that needs no further query. */
function progressOf(scan: Scan, units: number, { scanned }: TableReplay): number {
  if (scanned !== undefined && scanned.compared > 0) return Math.min(0.99, scan.compared / scanned.compared);
  return (scan.unit + (scan.phase === 'keys' ? 0.5 : 0)) / Math.max(1, units);
}

function end(poll: PlannedPoll, own: Own, { doubt }: Round): Result {
  if (doubt !== undefined) return endInDoubt(own, doubt);
  const { sql, plan, known } = poll;
  const problems = Object.values(own.problems ?? {});
  const reasons = [
    ...(sql.hasImages ? [] : ['records hold no row images, so only whether a row is there is compared']),
    ...new Set([...plan.obstacles.values(), ...problems.map(({ reason }) => reason)]),
  ];
  const fixes = [...new Set(problems.flatMap((problem) => problem.fixes))];
  const hasCompared = known.checks.reading.progress?.everCaughtUp === true;
  const seconds = hasCompared ? periodSeconds(poll, own) : undefined;
  return {
    memory: { ...own, round: undefined },
    evidence: {
      replay: judged(
        'rows are compared with their last records',
        reasons.length === 0 ? [] : [{ reason: reasons.slice(0, 5).join('; '), fixes }],
      ),
    },
    record(metrics) {
      if (seconds !== undefined) metrics.fullScanPeriod(seconds);
    },
  };
}

/** What was compared before stays true while the replica is only late. Where it is none, no table is known to be well. */
function endInDoubt(own: Own, { reason, fixes, isBehind }: NonNullable<Round['doubt']>): Result {
  return {
    memory: { ...own, round: undefined },
    evidence: { replay: unknown(reason, fixes) },
    ...(isBehind ? {} : { error: new CannotCheck(reason, fixes) }),
  };
}

/** How long a scan of everything takes at the present pace. */
function periodSeconds({ plan, trail }: PlannedPoll, { tables }: Own): number | undefined {
  const scanned = [...plan.units.keys()].flatMap((label) => tables[label]?.scanned ?? []);
  const compared = scanned.reduce((sum, item) => sum + item.compared, 0);
  const busyMs = scanned.reduce((sum, item) => sum + item.busyMs, 0);
  if (scanned.length < plan.units.size || compared === 0) return undefined;
  const { replayRowsPerCycle, confirmIntervalMs } = trail.observe;
  return Math.max(Math.ceil(compared / replayRowsPerCycle) * (confirmIntervalMs / 1000), busyMs / 1000);
}
