import { type AuditInvariant, auditInvariants } from '../../../../../pack/audit-trail/metrics.js';
import { parseQualified } from '../../../../runtime/postgres/quote.js';
import type { RecordsSql } from '../../../records/sql.js';
import type { Check, FastPoll, Outcome, Pace } from '../../check.js';
import type { Catalogue } from '../../tables/catalogue.js';
import { countedOperations, ROW_BIT } from '../../tables/coverage.js';
import type { ScopedTable } from '../../tables/scope.js';
import { tracksCalls } from '../../verdict/epoch.js';
import { counterLimitations, type Evidence, judged, unknown } from '../../verdict/evidence.js';
import { unexplainedSoFar, withoutLedger } from '../../verdict/judged.js';
import type { Alarm } from '../../verdict/state.js';
import { countGone, countThere, disposalsHere } from '../disposals.js';
import {
  advance,
  type CallsOf,
  type CounterMismatches,
  type CountersLedger,
  type CountersMemory,
  counterMismatches,
  countersLedgerSchema,
  countersMemorySchema,
  fell,
  join,
  learnSequenceGap,
  movedSinceAgreement,
  openLedger,
  type Settling,
  settlingOf,
} from './invariants.js';
import { type CounterSample, type CounterTargets, readCounters } from './sample.js';

export const invariantWording: Readonly<Record<AuditInvariant, string>> = {
  operations_calls: 'rows changed and calls of the audit trigger do not agree',
  calls_records: 'calls of the audit trigger and records written do not agree',
  records_sequence: 'there are more records than ids were given out',
  records_mutated: 'audit records were updated or deleted',
};

/** Counters. Only for trails that triggers write: an application's records roll back apart from its changes. */
export const countersCheck: Check<CountersMemory, FastPoll> = {
  name: 'tripwires',
  evidence: ['counters'],
  memory: countersMemorySchema,
  async run(poll, own) {
    const { sql, disposals: stated, facts, known, pace, trail } = poll;
    const cannot = whyNot(poll);
    if (cannot !== undefined || sql === undefined) {
      return {
        memory: withoutLedger(own),
        evidence: { counters: cannot ?? unknown('no audit records') },
        isUncounted: true,
        record: (metrics) => metrics.mismatches(undefined),
      };
    }
    // A copy: what is learned here counts only when the run is through.
    let ledger = own.ledger === undefined ? undefined : countersLedgerSchema.parse(own.ledger);
    const targets = targetsOf(poll, sql, ledger);
    const { masks, fns, isMixed } = targets;
    const disposals = disposalsHere(stated, facts);
    return await poll.read(async (session): Promise<Outcome<CountersMemory>> => {
      const sample = await readCounters(session, targets.counters);
      const disposed = ledger === undefined ? 0 : await countGone(session, sql, ledger, sample, disposals);
      const uncalled = { ...known.checks.reading.uncalled, mixed: isMixed, disposed };
      if (ledger !== undefined) {
        const epoch = fell(ledger, sample)
          ? 'counters_fell'
          : join(ledger, sample, masks, fns, uncalled, own.found ?? {});
        if (epoch !== undefined) return { memory: own, epoch, isMore: true };
      } else if (known.epoch?.isUncounted === true) {
        // What happened while nothing was counted is in no difference, and a scan from before it is no proof any more.
        return { memory: own, epoch: 'counters_unseen', isMore: true };
      }
      if (ledger === undefined) {
        ledger = openLedger(sample, masks, own.judged);
        const records = await countThere(session, sql, disposals);
        ledger.disposed = { base: { statements: disposals.length, records } };
      }
      learnSequenceGap(ledger, sample, pace.settleMs);
      const counted = whatIsCounted(pace, ledger, sample);
      advance(ledger, sample);
      const found = counterMismatches(ledger, sample, fns, uncalled);
      const settling = settlingOf(own, pace.settleMs);
      settling.add(poll.now(), found);
      // Mismatches that are being checked or were judged stay visible; those that were explained do not.
      const shown = settling.settled(ledger.explained) ?? knownOf({ ledger }, found);
      return {
        memory: { ledger, found, window: settling.entries },
        evidence: { counters: judged(counted, counterLimitations(facts, trail, sql.shape)) },
        suspicions: judge(poll, ledger, settling),
        record: (metrics) => metrics.mismatches(shown),
      };
    });
  },
};

function targetsOf({ trail, catalogue, facts }: FastPoll, { shape }: RecordsSql, ledger: CountersLedger | undefined) {
  const names = new Set((trail.records?.triggerFunctions ?? []).map((name) => name.replace(/\(.*\)$/, '')));
  const functions = new Set(catalogue.functions.filter(({ name }) => names.has(name)).map(({ oid }) => oid));
  const masks: Record<string, number> = {};
  for (const { oid, kind } of catalogue.relations) {
    const mask = kind === 'r' ? countedOperations(oid, catalogue, functions) : 0;
    if (mask !== 0) masks[oid] = mask;
  }
  const { sequence } = shape;
  const targets: CounterTargets = {
    audited: [...new Set([...Object.keys(masks), ...existing(ledger, catalogue)])],
    // A part that was detached is still counted: what was written to it last may not have been reported yet.
    records: [...new Set([...shape.leaves, ...Object.keys(ledger?.base.records ?? {})])],
    archive: shape.archiveLeaves,
    functions: [...functions],
    tracksCalls: tracksCalls(facts),
    sequence: sequence?.readable && sequence.cache === 1 ? sequenceName(sequence.name) : undefined,
    asksForRest: ledger?.base.sequenceGap === undefined,
  };
  return { counters: targets, masks, fns: callsOf(catalogue, functions), isMixed: isMixed(catalogue, functions) };
}

/** Notes new mismatches in the ledger. @returns the tables that may have caused them. */
function judge(poll: FastPoll, ledger: CountersLedger, settling: Settling): { table: string; alarm: Alarm }[] {
  const { catalogue, tables, isUnderMaintenance } = poll;
  const news = settling.settled(ledger.explained, ledger.judged, ledger.pending);
  if (news === undefined) return [];
  const found = auditInvariants.filter((invariant) => (news[invariant] ?? 0) !== 0);
  if (found.length === 0) {
    if (Object.keys(ledger.pending).length === 0) ledger.agreed = { ...ledger.last.audited };
    return [];
  }
  const everywhere = tables.map(({ label }) => label);
  return found.flatMap((invariant) => {
    const amount = news[invariant] ?? 0;
    const isOfRows = invariant === 'operations_calls' || (invariant === 'calls_records' && amount > 0);
    const moved = isOfRows ? labelsOf(movedSinceAgreement(ledger), catalogue, tables) : [];
    const suspects = moved.length > 0 ? moved : everywhere;
    const isMaintenance = suspects.length > 0 && suspects.every(isUnderMaintenance);
    const amounts = isMaintenance ? ledger.explained : ledger.pending;
    const sum = (amounts[invariant] ?? 0) + amount;
    amounts[invariant] = sum;
    if (!isMaintenance && sum === 0) {
      // The counters agree again. Suspected tables stay suspect until the exact checks have ended.
      delete ledger.pending[invariant];
      return [];
    }
    const needsRecheck = invariant === 'records_mutated' || invariant === 'records_sequence';
    const alarm: Alarm = { kind: 'counters', detail: invariantWording[invariant], amount: sum, needsRecheck };
    return suspects.map((table) => ({ table, alarm }));
  });
}

/**
 * The reason says whether ids are compared. That they are not is no limitation: a trail that is written to day and night never
 * rests long enough, and nobody could act on an alert about it.
 */
function whatIsCounted({ settleMs }: Pace, { base }: CountersLedger, { sequence }: CounterSample): string {
  const all = 'statistics are kept and can be read';
  if (sequence === undefined || base.sequenceGap !== undefined) return all;
  return `${all}; records are not compared with the ids given out yet, which begins when none was for ${settleMs / 1000} s`;
}

/** While counters settle, only earlier mismatches are shown: a restart must not end an alarm for that time. */
function knownOf(own: Pick<CountersMemory, 'ledger'>, found: CounterMismatches): CounterMismatches {
  const unexplained = unexplainedSoFar(own);
  const known = auditInvariants.filter((invariant) => found[invariant] !== undefined);
  return Object.fromEntries(known.map((invariant) => [invariant, unexplained[invariant] ?? 0]));
}

function whyNot({ trail, sql, whyNoRecords = 'no audit records', facts }: FastPoll): Evidence | undefined {
  if (sql === undefined) return unknown(whyNoRecords);
  if (sql.records.writtenBy === 'application')
    return unknown(
      'the application writes the records, so counters cannot be compared: a rollback counts on one side only',
    );
  if (trail.records?.triggerFunctions.length === 0)
    return unknown('no trigger function is named', ['name it under records.triggerFunctions']);
  if (facts.standby)
    return unknown('a standby keeps no counters of its own', [
      'point `database` at the primary, and `replica` at the standby',
    ]);
  if (!facts.trackCounts)
    return unknown('row changes are not counted', [`ALTER DATABASE ${facts.database} SET track_counts = 'on'`]);
  return undefined;
}

function existing(ledger: CountersLedger | undefined, { relations }: Catalogue): string[] {
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
