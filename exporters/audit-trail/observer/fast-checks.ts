import { kopCall } from '../../runtime/call.js';
import { parseQualified } from '../../runtime/postgres/quote.js';
import type { Session } from '../../runtime/postgres/read-only.js';
import { type Facts, readFacts } from '../database/facts.js';
import { readShape } from '../records/shape.js';
import { RecordsSql } from '../records/sql.js';
import type { FastPoll } from './check.js';
import { counters } from './checks/counters/counters.js';
import { fullScan } from './checks/full-scan/full-scan.js';
import { readability } from './checks/readability.js';
import { retention } from './checks/retention.js';
import { storage } from './checks/storage.js';
import { triggers } from './checks/triggers.js';
import type { LoopState } from './loop-state.js';
import { pollOf, runWithin } from './run-check.js';
import { replaySlot, slotOf, storageSlot, triggersSlot } from './slots.js';
import { readCatalogue } from './tables/catalogue.js';
import { coverageOf } from './tables/coverage.js';
import { compareFingerprints } from './tables/fingerprints.js';
import { followNames, goneWithFault } from './tables/gone.js';
import { tablesInScope } from './tables/scope.js';
import { maintenanceOf, raise } from './verdict/alarms.js';
import { applyDeclarations } from './verdict/declared.js';
import { type EpochReason, epochDifference, epochKey } from './verdict/epoch.js';
import { startEpoch } from './verdict/epoch-start.js';
import { commitTimestampLimitations, identityEvidence } from './verdict/evidence.js';
import { enterOtherHistory, hasLostHistory } from './verdict/history.js';

/** Polls kept, so that a transaction can be dated from below. */
const LOOKS = 32;

/** The cheap checks, in one transaction: catalogue, fingerprints, storage, counters. Meant to take milliseconds. */
export async function checkFast(context: LoopState, session: Session, signal: AbortSignal): Promise<void> {
  const { trail, evidence, metrics, errors } = context;
  const now = context.options.now();
  const facts = await readFacts(session);
  const isSeenAnew = context.seen === undefined || context.saidLost !== undefined;
  context.saidLost = undefined;
  evidence.ok('connection', `PostgreSQL ${Math.floor(facts.version / 10_000)} as ${facts.role}`);
  metrics.clockOffset(facts.clock - facts.ourClock);
  await refreshShape(context, session, facts, now);
  const shape = context.sql?.shape;
  const ownRelations = shape === undefined ? [] : [shape.oid, ...shape.leaves, ...shape.archiveLeaves];
  const catalogue = await readCatalogue(session, trail, ownRelations);
  const tables = tablesInScope(trail, catalogue);
  const epochChange = await startEpochIfNew(context, session, facts, now);
  const returned = followNames(context.memory, tables);
  const labels = tables.map(({ label }) => label);
  metrics.tables(labels, goneWithFault(context.memory));
  const before = context.memory.checks.triggers.fingerprints;
  const rebase = epochChange === 'system' || epochChange === 'timeline' || before === undefined;
  const expected = new Set((trail.records?.triggerFunctions ?? []).map((name) => qualifiedText(name)));
  const trusted = new Set(trail.observe.trustedFunctions);
  const changes = compareFingerprints(before, catalogue, tables, expected, trusted, rebase);
  const coverage = new Map(
    tables.map((table) => [table.label, coverageOf(trail, table, catalogue, changes.distrusted)]),
  );
  const seen = { facts, catalogue, tables, coverage };
  context.seen = seen;
  const poll: FastPoll = {
    ...pollOf(context, seen, { signal, deadline: Number.POSITIVE_INFINITY }),
    read: (work) => work(session),
    readAside: (work) => work(session),
    coverage,
    changes,
    whyNoRecords: context.whyNoRecords,
    isUnderMaintenance: (label) => maintenanceOf(context, label) !== undefined,
  };
  await runWithin(context, triggersSlot(context), triggers, poll);
  const detail = 'the table had another name for a while';
  // Whatever was looked for meanwhile was not looked for here, so each return is a cause of its own.
  for (const label of returned) raise(context, label, { kind: 'storage', detail, amount: now, needsRecheck: true });
  if (isSeenAnew) showRemembered(context);
  await runWithin(context, storageSlot(context), storage, poll);
  applyDeclarations(context);
  const failure = errors.get('identity');
  if (failure === undefined) evidence.set('identity', identityEvidence(facts));
  else evidence.failed('identity', failure);
  evidence.judge('commit_timestamps', 'moments of commit are kept', commitTimestampLimitations(facts));
  const { memory } = context;
  memory.looks = [...memory.looks.slice(1 - LOOKS), { at: now, clock: facts.clock, xmax: facts.xmax.toString() }];
  await runWithin(context, slotOf(context, 'counters'), counters, poll);
}

async function refreshShape(context: LoopState, session: Session, facts: Facts, now: number): Promise<void> {
  const { records } = context.trail;
  if (records === undefined) {
    context.whyNoRecords = 'no audit records';
    context.evidence.unknown('records', 'no audit records', [
      `describe the audit table under \`records\`, or create one: ${kopCall()} audit install`,
    ]);
    return;
  }
  const isFresh = context.sql?.records === records && now - context.shapeReadAt < context.options.shapeEveryMs;
  if (isFresh) return;
  const shape = await readShape(session, records, facts.role);
  context.shapeReadAt = now;
  if ('unreadable' in shape) {
    context.sql = undefined;
    context.whyNoRecords = `audit records cannot be read: ${shape.unreadable.join('; ')}`;
    context.evidence.unknown('records', context.whyNoRecords, shape.unreadable);
    return;
  }
  context.sql = new RecordsSql(records, shape, context.trail.scope.schemas[0]);
  context.whyNoRecords = undefined;
}

async function startEpochIfNew(
  context: LoopState,
  session: Session,
  facts: Facts,
  now: number,
): Promise<EpochReason | undefined> {
  const { memory, sql } = context;
  let reason = epochDifference(memory.epoch?.key, epochKey(facts));
  if (reason === 'postmaster_restart' && sql !== undefined && (await hasLostHistory(memory, session, sql)))
    reason = 'timeline';
  if (reason === 'timeline') await enterOtherHistory(memory, session, facts, sql);
  if (reason !== undefined) startEpoch(context, facts, reason, now);
  return reason;
}

/** `audit.record` and `"audit".record` are one; the catalogue prints the former. */
function qualifiedText(name: string): string {
  const { schema, name: own } = parseQualified(name.replace(/\(.*\)$/, ''));
  return `${schema}.${own}`;
}

/**
 * Shows again what the last exact checks found, after an exporter began or could not see for a while: a pass over whole
 * tables may end in hours, and until then what the one before it found is what is known.
 */
function showRemembered(context: LoopState): void {
  const { memory, metrics } = context;
  fullScan.show?.(replaySlot(context).get(), metrics);
  readability.show?.(memory.checks.readability, metrics);
  retention.show?.(memory.checks.retention, metrics);
}
