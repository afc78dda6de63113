import { kopCall } from '../../runtime/call.js';
import { parseQualified } from '../../runtime/postgres/quote.js';
import type { Session } from '../../runtime/postgres/read-only.js';
import { type Facts, readFacts } from '../database/facts.js';
import { readShape } from '../records/shape.js';
import { RecordsSql } from '../records/sql.js';
import { raise } from './alarms.js';
import { type Catalogue, readCatalogue } from './catalogue.js';
import { type TrailContext, tableMemory } from './context.js';
import { checkCounters } from './counting.js';
import { type Coverage, coverageOf } from './coverage.js';
import { applyDeclarations } from './declared.js';
import { type EpochReason, epochDifference, epochKey } from './epoch.js';
import { startEpoch } from './epoch-start.js';
import { commitTimestampLacks } from './evidence.js';
import { compareFingerprints, functionWarnings } from './fingerprints.js';
import { followNames, goneWithFault } from './gone-tables.js';
import { enterOtherHistory, hasLostHistory } from './history.js';
import { judgeIdentity } from './judging-evidence.js';
import { lookForReplaced } from './other-tables.js';
import { showRemembered } from './remembered.js';
import { type ScopedTable, tablesInScope } from './scope.js';

/** Looks kept, so that a transaction can be dated from below. */
const LOOKS = 32;

/** The cheap checks, in one transaction: catalogue, fingerprints, storage, counters. Meant to take milliseconds. */
export async function lookAtTripwires(context: TrailContext, session: Session): Promise<void> {
  const { trail, evidence, metrics } = context;
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
  const returned = followNames(context, tables);
  lookAtCatalogue(context, facts, catalogue, tables, epochChange);
  const detail = 'the table had another name for a while';
  // Whatever was looked for meanwhile was not looked for here, so each return is a cause of its own.
  for (const label of returned) raise(context, label, { kind: 'storage', detail, amount: now, needsRecheck: true });
  if (isSeenAnew) showRemembered(context);
  lookAtStorage(context, facts, catalogue, tables);
  lookForReplaced(context, facts, tables);
  applyDeclarations(context);
  judgeIdentity(context, facts);
  evidence.judge('commit_timestamps', 'moments of commit are kept', commitTimestampLacks(facts));
  context.memory.looks = [
    ...context.memory.looks.slice(1 - LOOKS),
    { at: now, clock: facts.clock, xmax: facts.xmax.toString() },
  ];
  await checkCounters(context, session, facts, catalogue, tables);
}

async function refreshShape(context: TrailContext, session: Session, facts: Facts, now: number): Promise<void> {
  const { records } = context.trail;
  if (records === undefined) {
    context.recordsTrouble = 'no audit records';
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
    context.recordsTrouble = `audit records cannot be read: ${shape.unreadable.join('; ')}`;
    context.evidence.unknown('records', context.recordsTrouble, shape.unreadable);
    return;
  }
  context.sql = new RecordsSql(records, shape, context.trail.scope.schemas[0]);
  context.recordsTrouble = undefined;
}

async function startEpochIfNew(
  context: TrailContext,
  session: Session,
  facts: Facts,
  now: number,
): Promise<EpochReason | undefined> {
  const { memory, sql } = context;
  let reason = epochDifference(memory.epoch?.key, epochKey(facts));
  if (reason === 'postmaster_restart' && sql !== undefined && (await hasLostHistory(context, session, sql)))
    reason = 'timeline';
  if (reason === 'timeline') await enterOtherHistory(context, session, facts, sql);
  if (reason !== undefined) startEpoch(context, facts, reason, now);
  return reason;
}

function lookAtCatalogue(
  context: TrailContext,
  facts: Facts,
  catalogue: Catalogue,
  tables: readonly ScopedTable[],
  epochChange: EpochReason | undefined,
): void {
  const { trail, memory, metrics } = context;
  const expected = new Set((trail.records?.triggerFunctions ?? []).map((name) => qualifiedText(name)));
  const trusted = new Set(trail.observe.trustedFunctions);
  const rebase = epochChange === 'system' || epochChange === 'timeline' || memory.fingerprints === undefined;
  const changes = compareFingerprints(memory.fingerprints, catalogue, tables, expected, trusted, rebase);
  memory.fingerprints = changes.next;
  const coverage = new Map(
    tables.map((table) => [table.label, coverageOf(trail, table, catalogue, changes.distrusted)]),
  );
  context.seen = { facts, catalogue, tables, coverage, distrusted: changes.distrusted };
  metrics.fingerprintChanged('trigger', changes.triggers.length);
  metrics.fingerprintChanged('function', changes.functions.length);
  for (const { table, detail } of changes.triggers) raise(context, table, { kind: 'trigger', detail });
  for (const { detail } of changes.functions)
    for (const { label } of tables) raise(context, label, { kind: 'function', detail });
  showCoverage(context, tables, coverage);
  const warnings = catalogue.functions.filter(({ name }) => expected.has(name)).flatMap(functionWarnings);
  const lacks = warnings.length === 0 ? [] : [{ reason: 'a trigger function could be safer', remedies: warnings }];
  context.evidence.judge('catalogue', `${tables.length} tables in scope`, lacks);
}

function showCoverage(
  context: TrailContext,
  tables: readonly ScopedTable[],
  coverage: ReadonlyMap<string, Coverage>,
): void {
  const { metrics } = context;
  metrics.tables(
    tables.map(({ label }) => label),
    goneWithFault(context),
  );
  metrics.scope(tables.length, [...coverage.values()].filter(({ ratio }) => ratio === 1).length);
  for (const { label } of tables) {
    const found = coverage.get(label);
    if (found === undefined) continue;
    const operations = Object.entries(found.operations);
    metrics.coverage(
      label,
      found.ratio,
      Object.fromEntries(operations.map(([operation, { effective }]) => [operation, effective])),
    );
    const memory = tableMemory(context, label);
    const silent = operations.filter(([, { recording }]) => !recording).map(([operation]) => operation);
    const isRecording = silent.length === 0;
    if (memory.isRecording === true && !isRecording)
      raise(context, label, { kind: 'recording', detail: `${silent.join(', ')} is no longer recorded` });
    memory.isRecording = isRecording;
  }
}

/**
 * A new file under a table means TRUNCATE, a rewrite of its values by ALTER TABLE, or only VACUUM FULL: counters and
 * triggers show nothing of it, so every row is compared.
 */
function lookAtStorage(
  context: TrailContext,
  facts: Facts,
  catalogue: Catalogue,
  tables: readonly ScopedTable[],
): void {
  const { metrics, sql } = context;
  const places = tables.flatMap((table) => table.leaves.map((leaf) => ({ table, leaf })));
  for (const { table, leaf } of places) {
    const own = tableMemory(context, table.label);
    const before = own.filenodes[leaf.oid];
    const filenode = leaf.filenode ?? '0';
    own.filenodes[leaf.oid] = filenode;
    if (before !== undefined && before !== filenode) {
      raise(context, table.label, {
        kind: 'storage',
        detail: `the storage of ${leaf.schema}.${leaf.name} was replaced`,
      });
    }
    if (own.watched[leaf.oid]?.filenode === filenode) continue;
    // Once begun, watching does not end when a trigger does: what changes from then on is missing, and that is shown.
    if (own.isRecording === true) own.watched[leaf.oid] = { xid: facts.xmax.toString(), filenode };
    else delete own.watched[leaf.oid];
  }
  for (const table of tables) {
    const own = tableMemory(context, table.label);
    const gone = Object.keys(own.filenodes).filter((oid) => !table.leaves.some((leaf) => leaf.oid === oid));
    for (const oid of gone) {
      delete own.filenodes[oid];
      delete own.watched[oid];
      raise(context, table.label, { kind: 'storage', detail: 'a partition was detached or dropped' });
    }
  }
  lookAtRecordStorage(context, catalogue, tables);
  const ours = new Set([...(sql?.shape.leaves ?? []), ...places.map(({ leaf }) => leaf.oid)]);
  metrics.unlogged(catalogue.relations.filter(({ oid, persistence }) => ours.has(oid) && persistence === 'u').length);
}

function lookAtRecordStorage(context: TrailContext, catalogue: Catalogue, tables: readonly ScopedTable[]): void {
  const { memory, sql } = context;
  if (sql === undefined) return;
  const filenodes = new Map(catalogue.relations.map(({ oid, filenode }) => [oid, filenode ?? '0']));
  const alarms: string[] = [];
  for (const oid of sql.shape.leaves) {
    const filenode = filenodes.get(oid);
    const before = memory.recordFilenodes[oid];
    if (filenode === undefined) continue;
    memory.recordFilenodes[oid] = filenode;
    if (before !== undefined && before !== filenode) alarms.push('the storage of the audit records was replaced');
  }
  const kept = new Set([...sql.shape.leaves, ...sql.shape.archiveLeaves]);
  for (const oid of Object.keys(memory.recordFilenodes)) {
    if (kept.has(oid) || filenodes.has(oid)) continue;
    delete memory.recordFilenodes[oid];
    alarms.push('a partition of the audit records is gone');
  }
  for (const detail of new Set(alarms)) {
    for (const { label } of tables) raise(context, label, { kind: 'records', detail, needsRecheck: true });
  }
}

/** `audit.record` and `"audit".record` are one; the catalogue prints the former. */
function qualifiedText(name: string): string {
  const { schema, name: own } = parseQualified(name.replace(/\(.*\)$/, ''));
  return `${schema}.${own}`;
}
