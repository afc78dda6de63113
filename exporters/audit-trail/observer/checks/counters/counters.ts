import { type AuditInvariant, auditInvariants } from '../../../../../pack/audit-trail/metrics.js';
import { parseQualified } from '../../../../runtime/postgres/quote.js';
import type { Session } from '../../../../runtime/postgres/read-only.js';
import { readUncountedSessions } from '../../../database/facts.js';
import type { RecordsSql } from '../../../records/sql.js';
import type { Check, FastPoll, Outcome, Pace } from '../../check.js';
import type { Catalogue } from '../../tables/catalogue.js';
import { countedOperations, ROW_BIT } from '../../tables/coverage.js';
import { tracksCalls } from '../../verdict/epoch.js';
import { counterLimitations, type Evidence, judged, unknown } from '../../verdict/evidence.js';
import { amountsOf, unexplainedSoFar, withoutLedger } from '../../verdict/judged.js';
import type { Alarm } from '../../verdict/state.js';
import { countGone, countThere, disposalsHere } from '../disposals.js';
import { type Dropped, recordsOfDropped } from './dropped.js';
import {
  advance,
  agreementAt,
  type CallsOf,
  type CounterMismatches,
  type CountersLedger,
  type CountersMemory,
  counterMismatches,
  countersLedgerSchema,
  countersMemorySchema,
  type ExplainedStep,
  fell,
  join,
  learn,
  learnedOf,
  learnSequenceGap,
  movedSinceAgreement,
  newestExplained,
  openLedger,
  settlingOf,
} from './invariants.js';
import { type Maintained, maintainedNow, noteMaintenance, partOf, useMaintenance } from './maintained.js';
import { type CounterSample, type CounterTargets, readCounters } from './sample.js';
import { isUnaccountable, joined, type MismatchStep } from './steps.js';
import { moved } from './suspects.js';

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
      const uncounted = await uncountedSessions(session, poll, own);
      if (uncounted !== undefined) {
        return {
          memory: withoutLedger(own),
          evidence: { counters: uncounted },
          isUncounted: true,
          record: (metrics) => metrics.mismatches(undefined),
        };
      }
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
        ledger = openLedger(sample, masks, own.judged, amountsOf(own.checking));
        ledger.agreedAt = agreementAt(poll.known.looks, poll.now(), poll.pace.settleMs);
        const records = await countThere(session, sql, disposals);
        ledger.disposed = { base: { statements: disposals.length, records } };
      }
      learn(ledger, learnedOf(uncalled, sample.calls !== undefined));
      learnSequenceGap(ledger, sample, pace.settleMs);
      const counted = whatIsCounted(pace, ledger, sample);
      noteMaintenance(ledger, poll);
      advance(ledger, sample);
      const found = counterMismatches(ledger, sample, fns, uncalled);
      const settling = settlingOf(own, pace.settleMs);
      settling.add(poll.now(), found);
      // Mismatches that are being checked or were judged stay visible; those that were explained do not.
      const shown = settling.settled(ledger.explained) ?? knownOf({ ...own, ledger }, found);
      const { judged: _, ...kept } = own;
      const news = settling.settled(ledger.explained, ledger.judged, ledger.pending);
      const dropped =
        (news?.operations_calls ?? 0) < 0
          ? await recordsOfDropped(session, sql, ledger, poll.catalogue, known)
          : undefined;
      const hasNews = Object.values(news ?? {}).some((amount) => amount !== 0);
      const maintained = hasNews ? await maintainedNow(session, sql, ledger, poll) : undefined;
      const { suspicions, checking, explained } = judge(poll, ledger, own.checking, { news, dropped, maintained });
      return {
        memory: {
          ...kept,
          ledger,
          found,
          window: settling.entries,
          checking,
          explained: newestExplained(own.explained, ...explained),
        },
        evidence: { counters: judged(counted, counterLimitations(facts, trail, sql.shape)) },
        suspicions,
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

interface Judgement {
  /** Tables that may have caused new mismatches. */
  readonly suspicions: { readonly table: string; readonly alarm: Alarm }[];
  readonly checking: readonly MismatchStep[];
  readonly explained: readonly ExplainedStep[];
}

/** Notes new mismatches in the ledger and in the steps that are being checked. */
function judge(
  poll: FastPoll,
  ledger: CountersLedger,
  before: readonly MismatchStep[],
  { news, ...by }: ExplainedBy & { readonly news: CounterMismatches | undefined },
): Judgement {
  let checking = before;
  const explained: ExplainedStep[] = [];
  const suspicions: { table: string; alarm: Alarm }[] = [];
  if (news === undefined) return { suspicions, checking, explained };
  const steps = auditInvariants.flatMap((invariant) => {
    const amount = news[invariant] ?? 0;
    return amount === 0 ? [] : [stepOf(poll, ledger, invariant, amount)];
  });
  for (const { step: all, suspects } of steps) {
    const { invariant } = all;
    const found = reasonOf(ledger, all, suspects, by);
    if (found !== undefined) {
      const { part, ...reason } = found;
      ledger.explained[invariant] = (ledger.explained[invariant] ?? 0) + part;
      explained.push({ ...all, amount: part, at: poll.now(), ...reason });
    }
    const step = { ...all, amount: all.amount - (found?.part ?? 0) };
    if (step.amount === 0) continue;
    checking = joined([...checking, step]);
    // Grows with each step, also with one in the other direction: exact checks must begin after it.
    const amount = checking.reduce((sum, each) => sum + (each.invariant === invariant ? Math.abs(each.amount) : 0), 0);
    const needsRecheck = invariant === 'records_mutated' || invariant === 'records_sequence';
    const alarm: Alarm = { kind: 'counters', detail: invariantWording[invariant], amount, needsRecheck };
    suspicions.push(...suspects.map((table) => ({ table, alarm })));
  }
  ledger.pending = amountsOf(checking);
  if (steps.length === 0 && checking.length === 0) {
    ledger.agreed = { ...ledger.last.audited };
    ledger.agreedAt = agreementAt(poll.known.looks, poll.now(), poll.pace.settleMs);
    if (ledger.learned !== undefined) ledger.learned.news = {};
  }
  return { suspicions, checking, explained };
}

interface ExplainedBy {
  readonly dropped: Dropped | undefined;
  readonly maintained: Maintained | undefined;
}

/** What explains a step, or a part of it, before anything is looked into. */
function reasonOf(
  ledger: CountersLedger,
  step: MismatchStep,
  suspects: readonly string[],
  { dropped, maintained }: ExplainedBy,
): (Pick<ExplainedStep, 'by' | 'evidence'> & { readonly part: number }) | undefined {
  const { invariant, amount } = step;
  if (maintained !== undefined && suspects.length > 0) {
    const { labels, changes } = maintained;
    if (suspects.every((label) => labels.includes(label)))
      return { by: 'maintenance', evidence: 'a maintenance of these tables was declared before', part: amount };
    const part = isUnaccountable(invariant) ? partOf(ledger, step, changes) : 0;
    if (part !== 0) {
      useMaintenance(ledger, invariant, part);
      const evidence = `a maintenance of ${labels.join(', ')} was declared before, and their counters hold ${changes} changes without a record`;
      return { by: 'maintenance', evidence, part };
    }
  }
  if (invariant !== 'operations_calls' || amount > 0 || dropped === undefined || dropped.records < -amount)
    return undefined;
  const evidence = `${dropped.labels.join(', ')} was dropped and took its newest counts with it; ${dropped.records} records of it are of that time`;
  return { by: 'dropped', evidence, part: amount };
}

function stepOf(poll: FastPoll, ledger: CountersLedger, invariant: AuditInvariant, amount: number) {
  const { catalogue, tables } = poll;
  const { labels, ...shares } = moved(ledger, movedSinceAgreement(ledger), catalogue, tables);
  const isOfRows = invariant === 'operations_calls' || (invariant === 'calls_records' && amount > 0);
  const suspects = isOfRows && labels.length > 0 ? labels : tables.map(({ label }) => label);
  const { at, xid: from } = ledger.agreedAt ?? { at: ledger.last.at };
  const step: MismatchStep = {
    invariant,
    amount,
    since: at,
    until: poll.now(),
    ...(from === undefined ? {} : { from }),
    to: poll.facts.xmax.toString(),
    ...shares,
  };
  return { step, suspects };
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
function knownOf(own: Pick<CountersMemory, 'ledger' | 'checking'>, found: CounterMismatches): CounterMismatches {
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

/**
 * Before counting begins: of sessions that are older than the setting, changes are counted and calls are not. Once it has begun,
 * the question is settled.
 */
async function uncountedSessions(
  session: Session,
  { facts }: FastPoll,
  { ledger }: CountersMemory,
): Promise<Evidence | undefined> {
  if (ledger !== undefined || !facts.trackCommitTimestamp || !tracksCalls(facts)) return undefined;
  const found = await readUncountedSessions(session);
  if (found === undefined) return undefined;
  const { sessions, since } = found;
  const which = `datname = current_database() AND backend_start < '${since}'`;
  return unknown(`track_functions does not reach sessions that were open before: ${sessions} to go`, [
    'restart the connection pools of the application',
    `SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE ${which}`,
  ]);
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

/** As `regclass` prints it, which quotes where it must. */
function sequenceName(printed: string): [string, string] {
  const match = /^(?:("(?:[^"]|"")+"|[^".]+)\.)?("(?:[^"]|"")+"|[^".]+)$/.exec(printed);
  const plain = (text: string) => (text.startsWith('"') ? text.slice(1, -1).replaceAll('""', '"') : text);
  const { schema, name } = parseQualified(printed);
  return match === null ? [schema, name] : [plain(match[1] ?? 'public'), plain(match[2] ?? name)];
}
