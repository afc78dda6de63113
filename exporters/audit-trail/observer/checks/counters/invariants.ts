import { z } from 'zod';
import { type AuditInvariant, auditInvariants } from '../../../../../pack/audit-trail/metrics.js';
import type { DeepReadonly } from '../../../deep-readonly.js';
import { forgotten } from '../../forgotten.js';
import type { EpochReason } from '../../verdict/epoch.js';
import { type CounterSample, countOf, type Tuples } from './sample.js';
import { directedAmountsSchema, mismatchStepSchema } from './steps.js';

const tuplesSchema = z.tuple([z.number(), z.number(), z.number()]);
export const amountsSchema = z.partialRecord(z.enum(auditInvariants), z.number());
export type Amounts = z.infer<typeof amountsSchema>;

export const countersLedgerSchema = z.object({
  /** The counters when this epoch began, or when a relation joined it. */
  base: z.object({
    audited: z.record(z.string(), tuplesSchema),
    records: z.record(z.string(), tuplesSchema),
    archived: z.number(),
    calls: z.record(z.string(), z.number()),
    /** Ids given out less records counted, at a quiet moment; undefined until there was one. */
    sequenceGap: z.number().optional(),
  }),
  /** Since when no id was given out; used to find that quiet moment. */
  resting: z.object({ sequence: z.number(), since: z.number() }).optional(),
  /** The operations of a relation for which a trigger always calls the function, as trigger bits. */
  masks: z.record(z.string(), z.number()),
  /** The newest values; those of relations that are gone stay. */
  last: z.object({
    at: z.number(),
    audited: z.record(z.string(), tuplesSchema),
    records: z.record(z.string(), tuplesSchema),
    sequence: z.number().optional(),
  }),
  /** Of records that no call wrote, as reading finds them: all that is known, and what became known while mismatches are checked. */
  learned: z.object({ known: amountsSchema, news: amountsSchema }).optional(),
  /** Tables under maintenance: what was counted in each when it began, from which transaction on. `used` explained steps. */
  maintained: z
    .object({
      tables: z.record(z.string(), z.object({ from: z.string(), counts: z.number(), seenAt: z.number() })),
      used: amountsSchema,
    })
    .optional(),
  /** Mismatches found harmless; no longer shown. */
  explained: amountsSchema,
  /** Mismatches that the exact checks have not settled yet. */
  pending: amountsSchema,
  /** Mismatches that were checked but stay visible until a new baseline is declared. */
  judged: amountsSchema,
  /** Of records under signed disposals: what was there when this ledger began, and what was last found gone. */
  disposed: z
    .object({
      base: z.object({ statements: z.number(), records: z.number() }),
      counted: z.object({ deleted: z.number(), statements: z.number(), gone: z.number() }).optional(),
    })
    .optional(),
  /** What was judged in earlier epochs. No counter shows it any more, so it is added to the mismatches. */
  carried: amountsSchema.default({}),
  /** Counters at the last poll at which every equality held, and which transactions were then over and reported. */
  agreed: z.record(z.string(), tuplesSchema),
  agreedAt: z.object({ at: z.number(), xid: z.string().optional() }).optional(),
});
export type CountersLedger = z.infer<typeof countersLedgerSchema>;

/** What made a mismatch, or a part of it, no longer one. Without such evidence it stays unaccounted. */
const explainedStepSchema = mismatchStepSchema.extend({
  at: z.number(),
  by: z.enum(['agreed', 'witness', 'maintenance', 'dropped', 'baseline']),
  evidence: z.string(),
});
export type ExplainedStep = DeepReadonly<z.infer<typeof explainedStepSchema>>;

/** Explained steps kept, so that an auditor can ask for the evidence. */
const MOST_EXPLAINED = 100;

export function newestExplained(
  before: readonly ExplainedStep[],
  ...news: readonly ExplainedStep[]
): readonly ExplainedStep[] {
  return [...before, ...news].slice(-MOST_EXPLAINED);
}

export const countersMemorySchema = z.object({
  ledger: countersLedgerSchema.optional(),
  /** Steps that the exact checks have not gone through yet; their sums are the ledger's `pending`. */
  checking: z.array(mismatchStepSchema).default([]),
  /** Steps that were gone through and that nothing confirmed or explained; until a baseline of everything is declared. */
  unaccounted: z.array(mismatchStepSchema).optional(),
  /** All that ever were. */
  unaccountedTotal: directedAmountsSchema.default({}),
  /** The newest that were explained, each with its evidence. */
  explained: z.array(explainedStepSchema).default([]),
  /** Mismatches judged in earlier epochs, for as long as no ledger of a new one carries them. */
  judged: amountsSchema.optional(),
  /** The present mismatches, and those of the settling time. */
  found: forgotten<CounterMismatches>(),
  window: forgotten<readonly Entry[]>(),
});
export type CountersMemory = DeepReadonly<z.infer<typeof countersMemorySchema>>;

export type CounterMismatches = Readonly<Partial<Record<AuditInvariant, number>>>;

/** Records that no call of a row trigger wrote, by committed records read in this epoch. */
export interface Uncalled {
  readonly truncates: number;
  readonly snapshots: number;
  /** One function serves rows and statements, so its calls for TRUNCATE must be taken off. */
  readonly mixed: boolean;
  /** Records of changes that a TRUNCATE in the same transaction undid: of such, PostgreSQL keeps no count. */
  readonly emptied?: number | undefined;
  /** Records that are gone by a signed disposal. */
  readonly disposed?: number;
}

export interface CallsOf {
  readonly row: readonly string[];
  readonly all: readonly string[];
}

export function openLedger(
  sample: CounterSample,
  masks: Readonly<Record<string, number>>,
  carried: Amounts = {},
  checking: Amounts = {},
): CountersLedger {
  return {
    base: {
      audited: copy(sample.audited),
      records: copy(sample.records),
      archived: sample.archived,
      calls: { ...sample.calls },
    },
    masks: { ...masks },
    last: { at: sample.at, audited: copy(sample.audited), records: copy(sample.records) },
    explained: {},
    pending: { ...checking },
    judged: { ...carried },
    carried: sumOf(carried, checking),
    agreed: copy(sample.audited),
  };
}

export function sumOf(a: Amounts, b: Amounts): Amounts {
  const result: Amounts = { ...a };
  for (const invariant of auditInvariants) {
    const amount = b[invariant];
    if (amount !== undefined) result[invariant] = (result[invariant] ?? 0) + amount;
  }
  return result;
}

export function minus(a: Amounts, b: Amounts): Amounts {
  return sumOf(a, Object.fromEntries(Object.entries(b).map(([invariant, amount]) => [invariant, -amount])));
}

/**
 * The four invariants: differences since the epoch began, plus what earlier epochs carry over. 0 means that they agree.
 *
 * - operations_calls: row changes less calls of the row trigger. Above 0: a trigger was missing or bypassed.
 * - calls_records: calls less records inserted. Above 0: the function records less than it should. Below: records without a call.
 * - records_sequence: records beyond the ids given out. Above 0: ids were forged. Gaps (rollback, crash) count on the
 *   other side and never show.
 * - records_mutated: records updated or deleted, moves to the archive and lawful disposals left out.
 */
export function counterMismatches(
  ledger: CountersLedger,
  sample: CounterSample,
  fns: CallsOf,
  uncalled: Uncalled,
): CounterMismatches {
  const { base } = ledger;
  const audited = { ...ledger.last.audited, ...sample.audited };
  const records = { ...ledger.last.records, ...sample.records };
  let operations = 0;
  for (const [oid, tuples] of Object.entries(audited)) {
    const mask = ledger.masks[oid] ?? 0;
    operations += countOf(tuples, mask) - countOf(base.audited[oid] ?? [0, 0, 0], mask);
  }
  const change = [0, 0, 0];
  for (const [oid, tuples] of Object.entries(records)) {
    const from = base.records[oid] ?? [0, 0, 0];
    tuples.forEach((value, index) => {
      change[index] = (change[index] ?? 0) + value - (from[index] ?? 0);
    });
  }
  const [inserted = 0, updated = 0, deleted = 0] = change;
  const result: Partial<Record<AuditInvariant, number>> = {};
  const { calls } = sample;
  if (calls !== undefined) {
    const sum = (oids: readonly string[]) =>
      oids.reduce((total, oid) => total + (calls[oid] ?? 0) - (base.calls[oid] ?? 0), 0);
    result.operations_calls =
      operations - sum(fns.row) + (uncalled.mixed ? uncalled.truncates : 0) + (uncalled.emptied ?? 0);
    result.calls_records = sum(fns.all) - (inserted - uncalled.snapshots);
    if (sample.prepared > 0) setAsidePrepared(result);
  } else {
    // Without calls, one equality replaces two: it shows that something is wrong, and not whether trigger or function is.
    result.operations_calls =
      operations - (inserted - uncalled.snapshots - uncalled.truncates - (uncalled.emptied ?? 0));
  }
  if (sample.sequence !== undefined && base.sequenceGap !== undefined) {
    result.records_sequence = Math.max(0, base.sequenceGap - (sample.sequence - total(records)));
  }
  const archived = sample.archived - base.archived;
  result.records_mutated = updated + Math.max(0, deleted - Math.max(0, archived) - (uncalled.disposed ?? 0));
  for (const invariant of auditInvariants) {
    const carried = ledger.carried[invariant] ?? 0;
    if (carried !== 0) result[invariant] = (result[invariant] ?? 0) + carried;
  }
  return result;
}

/** By how much mismatches grow when reading finds records that no call wrote: until then, these are below. */
export function learnedOf({ truncates, snapshots, mixed, emptied = 0 }: Uncalled, hasCalls: boolean): Amounts {
  if (!hasCalls) return { operations_calls: truncates + snapshots + emptied };
  return { operations_calls: emptied + (mixed ? truncates : 0), calls_records: snapshots };
}

export function learn(ledger: CountersLedger, known: Amounts): void {
  const { known: before, news } = ledger.learned ?? { known, news: {} };
  ledger.learned = { known, news: sumOf(news, minus(known, before)) };
}

/** Takes off calls that have neither rows nor records: prepared transactions made them. */
function setAsidePrepared(found: { operations_calls?: number; calls_records?: number }): void {
  const { operations_calls: operations = 0, calls_records: calls = 0 } = found;
  const prepared = Math.max(0, Math.min(-operations, calls));
  found.operations_calls = operations + prepared;
  found.calls_records = calls - prepared;
}

/**
 * Measures the gap between ids and records at a quiet moment: since the last id was given out, there was a moment without
 * an open transaction, and then time for backends to report. Measured earlier, ids whose records are not counted yet would
 * later seem forged.
 */
export function learnSequenceGap(ledger: CountersLedger, sample: CounterSample, settleMs: number): void {
  const { sequence, at, isAtRest } = sample;
  if (sequence === undefined || ledger.base.sequenceGap !== undefined) return;
  if (ledger.resting?.sequence !== sequence) {
    if (isAtRest && ledger.last.sequence === sequence) ledger.resting = { sequence, since: at };
    else delete ledger.resting;
  } else if (at - ledger.resting.since >= settleMs) {
    ledger.base.sequenceGap = sequence - total({ ...ledger.last.records, ...sample.records });
    delete ledger.resting;
  }
}

/** Counters never fall in one run of statistics, except where a relation is gone. */
export function fell(ledger: CountersLedger, sample: CounterSample): boolean {
  const lower = (before: Readonly<Record<string, Tuples>>, now: Readonly<Record<string, Tuples>>) =>
    Object.entries(now).some(([oid, tuples]) => tuples.some((value, index) => value < (before[oid]?.[index] ?? 0)));
  return lower(ledger.last.audited, sample.audited) || lower(ledger.last.records, sample.records);
}

/**
 * Lets relations that appeared join the running epoch when the equalities show that nothing was missed: a new
 * partition has no counts yet, one that was enrolled had them before, one that was created and filled had them all.
 *
 * @returns the reason for a new epoch when no way of joining agrees.
 */
export function join(
  ledger: CountersLedger,
  sample: CounterSample,
  masks: Readonly<Record<string, number>>,
  fns: CallsOf,
  uncalled: Uncalled,
  previous: CounterMismatches,
): EpochReason | undefined {
  const widened = Object.entries(masks).some(([oid, mask]) => {
    const before = ledger.masks[oid];
    return before !== undefined && before !== 0 && (mask & ~before) !== 0;
  });
  if (widened) return 'relation';
  const joining = Object.keys(masks).filter((oid) => masks[oid] !== 0 && (ledger.masks[oid] ?? 0) === 0);
  // New parts of the audit table begin at nothing: whatever is in them was written through the audit table.
  for (const oid of Object.keys(sample.records)) ledger.base.records[oid] ??= [0, 0, 0];
  const fromNow = joining.some((oid) => countOf(sample.audited[oid] ?? [0, 0, 0], masks[oid] ?? 0) > 0)
    ? [false, true]
    : [true];
  for (const isFromNow of fromNow) {
    for (const oid of joining) {
      ledger.masks[oid] = masks[oid] ?? 0;
      const now = sample.audited[oid] ?? [0, 0, 0];
      ledger.base.audited[oid] = isFromNow ? [now[0], now[1], now[2]] : [0, 0, 0];
    }
    const found = counterMismatches(ledger, sample, fns, uncalled);
    if (joining.length === 0 || (found.operations_calls ?? 0) === (previous.operations_calls ?? 0)) return undefined;
  }
  return joining.every((oid) => countOf(sample.audited[oid] ?? [0, 0, 0], masks[oid] ?? 0) === 0)
    ? undefined
    : 'relation';
}

export function advance(ledger: CountersLedger, sample: CounterSample): void {
  ledger.last = {
    at: sample.at,
    audited: { ...ledger.last.audited, ...copy(sample.audited) },
    records: { ...ledger.last.records, ...copy(sample.records) },
    ...(sample.sequence === undefined ? {} : { sequence: sample.sequence }),
  };
}

/** Relations whose counters changed since all counters last agreed. The fault can only be there. */
export function movedSinceAgreement(ledger: CountersLedger): string[] {
  return Object.entries(ledger.last.audited)
    .filter(([oid, tuples]) => tuples.some((value, index) => value !== (ledger.agreed[oid]?.[index] ?? 0)))
    .map(([oid]) => oid);
}

/**
 * For how long counts may be held back: a backend that cannot report at once because others do tries again for a minute, which is
 * about six times the usual time. Before that, a mismatch is looked into and not decided on.
 */
export function longestLateMs(settleMs: number): number {
  return 6 * settleMs;
}

/** Transactions from this one on may have been reported after it: some run still, and some sessions report late. */
export function agreementAt(
  looks: readonly { readonly at: number; readonly xmin?: string | undefined }[],
  at: number,
  settleMs: number,
): NonNullable<CountersLedger['agreedAt']> {
  const xid = looks.findLast((look) => look.at <= at - longestLateMs(settleMs))?.xmin;
  return { at, ...(xid === undefined ? {} : { xid }) };
}

interface Entry {
  readonly at: number;
  readonly found: CounterMismatches;
}

export function settlingOf({ window }: Pick<CountersMemory, 'window'>, settleMs: number): Settling {
  return new Settling(settleMs, window);
}

/**
 * Tells a lasting mismatch from a passing one. A backend reports its counts up to ten seconds late and not all tables
 * in the same instant, so two sides may differ for that long; a fault stays.
 */
export class Settling {
  readonly #settleMs: number;
  #seen: Entry[];

  constructor(settleMs: number, seen: readonly Entry[] = []) {
    this.#settleMs = settleMs;
    this.#seen = [...seen];
  }

  get entries(): readonly Entry[] {
    return this.#seen;
  }

  add(at: number, found: CounterMismatches): void {
    // After the clock was set back, every entry would seem recent until it reaches its earlier time again.
    if (at < (this.#seen.at(-1)?.at ?? at)) this.#seen = [];
    this.#seen.push({ at, found: found });
    // The newest one that is old enough must stay: it proves that the window is spanned.
    const oldEnough = this.#seen.findLastIndex((entry) => at - entry.at >= this.#settleMs);
    if (oldEnough > 0) this.#seen.splice(0, oldEnough);
  }

  /**
   * The part of each mismatch, beyond the allowances, that was there with one sign in every poll of the window.
   *
   * @returns undefined while the window is not spanned: nothing can be said yet.
   */
  settled(...allowances: readonly CounterMismatches[]): CounterMismatches | undefined {
    const first = this.#seen[0];
    const last = this.#seen.at(-1);
    if (first === undefined || last === undefined || last.at - first.at < this.#settleMs) return undefined;
    const result: Partial<Record<AuditInvariant, number>> = {};
    for (const invariant of auditInvariants) {
      if (last.found[invariant] === undefined) continue;
      const allowed = allowances.reduce((sum, amounts) => sum + (amounts[invariant] ?? 0), 0);
      result[invariant] = commonPart(this.#seen.map((entry) => (entry.found[invariant] ?? 0) - allowed));
    }
    return result;
  }
}

function commonPart(values: readonly number[]): number {
  if (values.every((value) => value > 0)) return Math.min(...values);
  if (values.every((value) => value < 0)) return Math.max(...values);
  return 0;
}

function total(records: Readonly<Record<string, Tuples>>): number {
  return Object.values(records).reduce((sum, [inserted]) => sum + inserted, 0);
}

function copy(tuples: Readonly<Record<string, Tuples>>): Record<string, [number, number, number]> {
  return Object.fromEntries(Object.entries(tuples).map(([oid, [a, b, c]]) => [oid, [a, b, c]]));
}
