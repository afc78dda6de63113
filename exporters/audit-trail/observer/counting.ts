import { type AuditInvariant, auditInvariants } from '../../../pack/metrics/index.js';
import { parseQualified } from '../../runtime/postgres/quote.js';
import type { Session } from '../../runtime/postgres/read-only.js';
import type { Facts } from '../database/facts.js';
import { maintenanceOf, raise } from './alarms.js';
import type { Catalogue } from './catalogue.js';
import type { TrailContext } from './context.js';
import { readCounters, type Sample } from './counters.js';
import { countedOperations, ROW_BIT } from './coverage.js';
import { countGone, countThere, disposalsHere } from './disposals.js';
import { tracksCalls } from './epoch.js';
import { startEpoch } from './epoch-start.js';
import { counterLacks } from './evidence.js';
import {
  advance,
  type CallsOf,
  fell,
  join,
  type Ledger,
  learnSequenceGap,
  movedSinceAgreement,
  openLedger,
  type Residuals,
  residuals,
} from './invariants.js';
import { closeLedger, unexplainedSoFar } from './judged.js';
import type { ScopedTable } from './scope.js';

export const invariantWording: Readonly<Record<AuditInvariant, string>> = {
  operations_calls: 'rows changed and calls of the audit trigger do not agree',
  calls_records: 'calls of the audit trigger and records written do not agree',
  records_sequence: 'there are more records than ids were given out',
  records_mutated: 'audit records were updated or deleted',
};

/** C3 and C4. Only for trails that triggers write: an application's records roll back apart from its changes. */
export async function checkCounters(
  context: TrailContext,
  session: Session,
  facts: Facts,
  catalogue: Catalogue,
  tables: readonly ScopedTable[],
): Promise<void> {
  const { trail, sql, evidence, metrics, memory } = context;
  const cannot = whyNot(context, facts);
  if (cannot !== undefined || sql === undefined) {
    evidence.unknown('counters', cannot?.reason ?? 'no audit records', cannot?.remedies ?? []);
    metrics.residuals(undefined);
    closeLedger(memory);
    if (memory.epoch !== undefined) memory.epoch.isUncounted = true;
    return;
  }
  const names = new Set((trail.records?.triggerFunctions ?? []).map((name) => name.replace(/\(.*\)$/, '')));
  const functions = new Set(catalogue.functions.filter(({ name }) => names.has(name)).map(({ oid }) => oid));
  const masks: Record<string, number> = {};
  for (const { oid, kind } of catalogue.relations) {
    const mask = kind === 'r' ? countedOperations(oid, catalogue, functions) : 0;
    if (mask !== 0) masks[oid] = mask;
  }
  const { sequence } = sql.shape;
  const sample = await readCounters(session, {
    audited: [...new Set([...Object.keys(masks), ...existing(memory.ledger, catalogue)])],
    // A part that was detached is still counted: what was written to it last may not have been reported yet.
    records: [...new Set([...sql.shape.leaves, ...Object.keys(memory.ledger?.base.records ?? {})])],
    archive: sql.shape.archiveLeaves,
    functions: [...functions],
    tracksCalls: tracksCalls(facts),
    sequence: sequence?.readable && sequence.cache === 1 ? sequenceName(sequence.name) : undefined,
    asksForRest: memory.ledger?.base.sequenceGap === undefined,
  });
  const fns = callsOf(catalogue, functions);
  let ledger = memory.ledger;
  const disposals = disposalsHere(context.disposals, facts);
  const disposed = ledger === undefined ? 0 : await countGone(session, sql, ledger, sample, disposals);
  const uncalled = { ...memory.uncalled, mixed: isMixed(catalogue, functions), disposed };
  if (ledger !== undefined) {
    const reason = fell(ledger, sample)
      ? 'counters_fell'
      : join(ledger, sample, masks, fns, uncalled, context.residuals);
    if (reason !== undefined) {
      startEpoch(context, facts, reason, context.options.now());
      ledger = undefined;
    }
  }
  if (ledger === undefined) {
    // What happened while nothing was counted is in no difference, and a sweep from before it is no proof any more.
    if (memory.epoch?.isUncounted === true) startEpoch(context, facts, 'counters_unseen', context.options.now());
    ledger = openLedger(sample, masks, memory.judged);
    const records = await countThere(session, sql, disposals);
    ledger.disposed = { base: { statements: disposals.length, records } };
    memory.ledger = ledger;
    delete memory.judged;
  }
  learnSequenceGap(ledger, sample, context.options.settleMs);
  evidence.judge('counters', whatIsCounted(context, ledger, sample), counterLacks(facts, trail, sql.shape));
  advance(ledger, sample);
  context.residuals = residuals(ledger, sample, fns, { ...uncalled, ...memory.uncalled });
  judge(context, ledger, catalogue, tables);
}

function judge(context: TrailContext, ledger: Ledger, catalogue: Catalogue, tables: readonly ScopedTable[]): void {
  const { settling, metrics } = context;
  settling.add(context.options.now(), context.residuals);
  // Those that are looked into or were judged stay visible; those that were explained do not.
  metrics.residuals(settling.settled(ledger.explained) ?? knownOf(context));
  const news = settling.settled(ledger.explained, ledger.judged, ledger.pending);
  if (news === undefined) return;
  const found = auditInvariants.filter((invariant) => (news[invariant] ?? 0) !== 0);
  if (found.length === 0) {
    if (Object.keys(ledger.pending).length === 0) ledger.agreed = { ...ledger.last.audited };
    return;
  }
  const everywhere = tables.map(({ label }) => label);
  for (const invariant of found) {
    const amount = news[invariant] ?? 0;
    const isOfRows = invariant === 'operations_calls' || (invariant === 'calls_records' && amount > 0);
    const moved = isOfRows ? labelsOf(movedSinceAgreement(ledger), catalogue, tables) : [];
    const suspects = moved.length > 0 ? moved : everywhere;
    const isMaintenance = suspects.length > 0 && suspects.every((label) => maintenanceOf(context, label) !== undefined);
    const amounts = isMaintenance ? ledger.explained : ledger.pending;
    amounts[invariant] = (amounts[invariant] ?? 0) + amount;
    if (!isMaintenance && ledger.pending[invariant] === 0) {
      // They agree again. Whoever is suspected stays so until the exact checks are through.
      delete ledger.pending[invariant];
      continue;
    }
    const needsRecheck = invariant === 'records_mutated' || invariant === 'records_sequence';
    for (const label of suspects)
      raise(context, label, {
        kind: 'counters',
        detail: invariantWording[invariant],
        amount: amounts[invariant] ?? 0,
        needsRecheck,
      });
  }
}

/**
 * Whether ids are compared is said, and is no lack: a trail that is written to day and night never rests for long enough,
 * and nobody could do anything about an alert that said so.
 */
function whatIsCounted({ options }: TrailContext, { base }: Ledger, { sequence }: Sample): string {
  const all = 'statistics are kept and can be read';
  if (sequence === undefined || base.sequenceGap !== undefined) return all;
  return `${all}; records are not compared with the ids given out yet, which begins when none was for ${options.settleMs / 1000} s`;
}

/** Of what may yet pass, only what was there before: a restart must not end an alarm for as long as counters settle. */
function knownOf({ memory, residuals: found }: TrailContext): Residuals {
  const unexplained = unexplainedSoFar(memory);
  const known = auditInvariants.filter((invariant) => found[invariant] !== undefined);
  return Object.fromEntries(known.map((invariant) => [invariant, unexplained[invariant] ?? 0]));
}

function whyNot(
  { trail, sql, recordsTrouble }: TrailContext,
  facts: Facts,
): { reason: string; remedies: readonly string[] } | undefined {
  if (sql === undefined) return { reason: recordsTrouble ?? 'no audit records', remedies: [] };
  if (trail.records?.writtenBy === 'application')
    return {
      reason: 'the application writes the records, so counters cannot be compared: a rollback counts on one side only',
      remedies: [],
    };
  if (trail.records?.triggerFunctions.length === 0)
    return { reason: 'no trigger function is named', remedies: ['name it under records.triggerFunctions'] };
  if (facts.standby)
    return {
      reason: 'a standby keeps no counters of its own',
      remedies: ['point `database` at the primary, and `replica` at the standby'],
    };
  if (!facts.trackCounts)
    return {
      reason: 'row changes are not counted',
      remedies: [`ALTER DATABASE ${facts.database} SET track_counts = 'on'`],
    };
  return undefined;
}

function existing(ledger: Ledger | undefined, { relations }: Catalogue): string[] {
  const there = new Set(relations.map(({ oid }) => oid));
  return Object.keys(ledger?.masks ?? {}).filter((oid) => there.has(oid));
}

function callsOf({ triggers }: Catalogue, functions: ReadonlySet<string>): CallsOf {
  const all = [...functions];
  const statementOnly = all.filter((oid) => {
    const uses = triggers.filter(({ fn }) => fn === oid);
    return uses.length > 0 && uses.every(({ type }) => (type & ROW_BIT) === 0);
  });
  return { row: all.filter((oid) => !statementOnly.includes(oid)), all };
}

function isMixed({ triggers }: Catalogue, functions: ReadonlySet<string>): boolean {
  return [...functions].some((oid) => {
    const uses = triggers.filter(({ fn }) => fn === oid);
    return uses.some(({ type }) => (type & ROW_BIT) !== 0) && uses.some(({ type }) => (type & ROW_BIT) === 0);
  });
}

function labelsOf(oids: readonly string[], { relations }: Catalogue, tables: readonly ScopedTable[]): string[] {
  const roots = new Set(relations.filter(({ oid }) => oids.includes(oid)).map(({ root }) => root));
  return tables.filter(({ relation }) => roots.has(relation.oid)).map(({ label }) => label);
}

/** As `regclass` prints it, which quotes where it must. */
function sequenceName(printed: string): [string, string] {
  const match = /^(?:("(?:[^"]|"")+"|[^".]+)\.)?("(?:[^"]|"")+"|[^".]+)$/.exec(printed);
  const plain = (text: string) => (text.startsWith('"') ? text.slice(1, -1).replaceAll('""', '"') : text);
  const { schema, name } = parseQualified(printed);
  return match === null ? [schema, name] : [plain(match[1] ?? 'public'), plain(match[2] ?? name)];
}
