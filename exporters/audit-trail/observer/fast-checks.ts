import type { AuditTrail } from '../../../pack/audit-trail/model.js';
import { kopCall } from '../../runtime/call.js';
import { parseQualified } from '../../runtime/postgres/quote.js';
import type { Session } from '../../runtime/postgres/read-only.js';
import { type Facts, readFacts } from '../database/facts.js';
import { foreignWriter, readShape } from '../records/shape.js';
import { RecordsSql } from '../records/sql.js';
import type { FastPoll } from './check.js';
import { countersCheck } from './checks/counters/counters.js';
import { fullScanCheck } from './checks/full-scan/full-scan.js';
import { readabilityCheck } from './checks/readability.js';
import { retentionCheck } from './checks/retention.js';
import { storageCheck } from './checks/storage.js';
import { triggersCheck } from './checks/triggers.js';
import type { Loop } from './loop.js';
import type { LoopState } from './loop-state.js';
import type { Memory } from './memory.js';
import { suspectTables } from './merge.js';
import { replaySlot, slotOf, storageSlot, triggersSlot } from './slots.js';
import { subjectOf } from './subject.js';
import { type Catalogue, readCatalogue } from './tables/catalogue.js';
import { coverageOf } from './tables/coverage.js';
import { compareFingerprints, type FingerprintChanges } from './tables/fingerprints.js';
import { followNames, goneWithFault } from './tables/gone.js';
import { type ScopedTable, tablesInScope } from './tables/scope.js';
import { applyDeclarations } from './verdict/declared.js';
import { type EpochReason, epochDifference, epochKey } from './verdict/epoch.js';
import { inNewEpoch } from './verdict/epoch-start.js';
import { commitTimestampLimitations, identityEvidence, judged, unknown } from './verdict/evidence.js';
import { firstSinceLastPoll, hasLostHistory, inOtherHistory } from './verdict/history.js';
import { type Look, withLook } from './verdict/looks.js';
import { maintenanceOf } from './verdict/maintenance.js';

/**
 * The cheap checks, in one transaction: catalogue, fingerprints, storage, counters. Meant to take milliseconds.
 *
 * @param begunFrom as it was before that transaction
 */
export async function checkFast(
  loop: Loop,
  session: Session,
  begunFrom: number | undefined,
  signal: AbortSignal,
): Promise<void> {
  const { trail } = loop.state;
  const now = loop.options.now();
  const facts = await readFacts(session);
  const isSeenAnew = loop.state.seen === undefined || loop.state.saidLost !== undefined;
  loop.change((state) => withConnection(state, facts));
  loop.metrics.clockOffset(facts.clock - facts.ourClock);
  await refreshShape(loop, session, facts, now);
  const shape = loop.state.sql?.shape;
  const ownRelations = shape === undefined ? [] : [shape.oid, ...shape.leaves, ...shape.archiveLeaves];
  const catalogue = await readCatalogue(session, trail, ownRelations);
  const tables = tablesInScope(trail, catalogue);
  const epochChange = await startEpochIfNew(loop, session, facts, now);
  const { memory, returned } = followNames(loop.state.memory, tables);
  loop.change((state) => ({ ...state, memory }));
  loop.metrics.tables(
    tables.map(({ label }) => label),
    goneWithFault(memory),
  );
  const changes = changesSince(memory, catalogue, tables, trail, epochChange);
  const coverage = new Map(
    tables.map((table) => [table.label, coverageOf(trail, table, catalogue, changes.distrusted)]),
  );
  const seen = { facts, catalogue, tables, coverage };
  loop.change((state) => ({ ...state, seen }));
  const poll: FastPoll = {
    ...loop.poll(seen, { signal, deadline: Number.POSITIVE_INFINITY }),
    read: (work) => work(session),
    readAside: (work) => work(session),
    coverage,
    changes,
    whyNoRecords: loop.state.whyNoRecords,
    isForeign: loop.state.isForeign,
    isUnderMaintenance: (label) => maintenanceOf(loop.declared(), label) !== undefined,
  };
  await loop.runWithin(triggersSlot, triggersCheck, poll);
  suspectReturned(loop, returned, facts, now);
  if (isSeenAnew) showRemembered(loop);
  await loop.runWithin(storageSlot, storageCheck, poll);
  declare(loop, tables, facts);
  loop.change((state) => withPoll(state, facts, begunFrom, now));
  await loop.runWithin(slotOf('counters'), countersCheck, poll);
}

function withConnection(state: LoopState, { version, role }: Facts): LoopState {
  const reason = `PostgreSQL ${Math.floor(version / 10_000)} as ${role}`;
  return { ...state, saidLost: undefined, evidence: state.evidence.with('connection', judged(reason, [])) };
}

/** Remembers the poll, so that a transaction can be dated from below, and what can be known of the server. */
function withPoll(state: LoopState, facts: Facts, begunFrom: number | undefined, now: number): LoopState {
  const { memory, errors, evidence } = state;
  const failure = errors.get('identity');
  const known =
    failure === undefined
      ? evidence.with('identity', identityEvidence(facts))
      : evidence.withFailure('identity', failure);
  const { xmin, xmax } = facts;
  const look: Look = {
    at: now,
    clock: facts.clock,
    xmax: xmax.toString(),
    xmin: xmin.toString(),
    ...(begunFrom === undefined ? {} : { begunFrom }),
  };
  const looks = withLook(memory.looks, look);
  const subject = subjectOf(state.trail, facts);
  return {
    ...state,
    memory: { ...memory, looks, ...(subject === undefined ? {} : { subject }) },
    evidence: known.with('commit_timestamps', judged('moments of commit are kept', commitTimestampLimitations(facts))),
  };
}

function changesSince(
  { checks }: Memory,
  catalogue: Catalogue,
  tables: readonly ScopedTable[],
  trail: AuditTrail,
  epochChange: EpochReason | undefined,
): FingerprintChanges {
  const before = checks.triggers.fingerprints;
  const rebase = epochChange === 'system' || epochChange === 'timeline' || before === undefined;
  const expected = new Set((trail.records?.triggerFunctions ?? []).map((name) => qualifiedText(name)));
  return compareFingerprints(before, catalogue, tables, expected, new Set(trail.observe.trustedFunctions), rebase);
}

/** The table was not checked meanwhile, so each return is a cause of its own. */
function suspectReturned(loop: Loop, returned: readonly string[], { xmax }: Facts, now: number): void {
  const detail = 'the table had another name for a while';
  const alarm = { kind: 'storage', detail, amount: now, needsRecheck: true } as const;
  const suspicions = returned.map((table) => ({ table, alarm }));
  const { memory } = loop.state;
  const { tables, suspected: causes } = suspectTables(memory.tables, { suspicions }, loop.declared(), xmax);
  loop.change((state) => ({ ...state, memory: { ...state.memory, tables } }));
  for (const { table, cause } of causes) loop.log.warn('audit trail suspect', { table, cause });
}

function declare(loop: Loop, tables: readonly ScopedTable[], { xmax }: Facts): void {
  const { declarations, settleMs, now } = loop.declared();
  const labels = tables.map(({ label }) => label);
  const { memory, applied } = applyDeclarations(loop.state.memory, declarations, { labels, xmax, settleMs, now });
  loop.change((state) => ({ ...state, memory }));
  for (const { kind, by, reason, tables: named } of applied)
    loop.log.warn('audit trail baseline taken', { kind, by, reason, tables: named?.join(' ') ?? 'all' });
}

async function refreshShape(loop: Loop, session: Session, facts: Facts, now: number): Promise<void> {
  const { trail, sql, shapeReadAt } = loop.state;
  const { records } = trail;
  if (records === undefined) {
    const fix = `describe the audit table under \`records\`, or create one: ${kopCall()} audit install`;
    loop.change((state) => withoutRecords(state, 'no audit records', [fix]));
    return;
  }
  const isKnown = sql?.records === records && now - shapeReadAt < loop.options.shapeEveryMs;
  // A subscription is asked for each time: what it brings would be taken for changes without records.
  const shape = isKnown
    ? await foreignWriter(session, records, [sql.shape.oid, ...sql.shape.leaves])
    : await readShape(session, records, facts.role);
  if (shape === undefined) return;
  if ('unreadable' in shape) {
    const reason = `audit records cannot be read: ${shape.unreadable.join('; ')}`;
    const { isForeign = false } = shape;
    loop.change((state) => withoutRecords({ ...state, shapeReadAt: now, isForeign }, reason, shape.unreadable));
    return;
  }
  const next = new RecordsSql(records, shape, trail.scope.schemas[0]);
  loop.change((state) => ({ ...state, sql: next, shapeReadAt: now, whyNoRecords: undefined, isForeign: false }));
}

function withoutRecords(state: LoopState, reason: string, fixes: readonly string[]): LoopState {
  const evidence = state.evidence.with('records', unknown(reason, fixes));
  return { ...state, sql: undefined, whyNoRecords: reason, evidence };
}

async function startEpochIfNew(
  loop: Loop,
  session: Session,
  facts: Facts,
  now: number,
): Promise<EpochReason | undefined> {
  const { memory, sql } = loop.state;
  const difference = epochDifference(memory.epoch?.key, epochKey(facts));
  const isRestored =
    difference === 'postmaster_restart' && sql !== undefined && (await hasLostHistory(memory, session, sql));
  const reason = isRestored ? 'timeline' : difference;
  if (reason === undefined) return undefined;
  const first = reason === 'timeline' ? await firstSinceLastPoll(memory, session, facts, sql) : undefined;
  loop.change((state) => {
    const before = reason === 'timeline' ? inOtherHistory(state.memory, facts, first) : state.memory;
    return { ...state, memory: inNewEpoch(before, facts, reason, now) };
  });
  loop.epochBegan(reason);
  return reason;
}

/** `audit.record` and `"audit".record` are one; the catalogue prints the former. */
function qualifiedText(name: string): string {
  const { schema, name: own } = parseQualified(name.replace(/\(.*\)$/, ''));
  return `${schema}.${own}`;
}

/**
 * Sets the gauges of the last exact checks again after a start or an outage. A pass over whole tables may take hours; until
 * it ends, the result of the pass before is what is known.
 */
function showRemembered({ state: { memory }, metrics }: Loop): void {
  fullScanCheck.show?.(replaySlot.get(memory), metrics);
  readabilityCheck.show?.(memory.checks.readability, metrics);
  retentionCheck.show?.(memory.checks.retention, metrics);
}
