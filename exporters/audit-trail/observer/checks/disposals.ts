/**
 * Records that a signed statement disposed of are no loss. Any other record that is gone is one. What the disposed records
 * said about a row is no longer known. Where only they could have explained a row, the row is neither proven nor a fault.
 */
import type { AuditRecords, AuditTrail } from '../../../../pack/audit-trail/model.js';
import { literal, type QualifiedName, textOf } from '../../../runtime/postgres/quote.js';
import type { Session } from '../../../runtime/postgres/read-only.js';
import type { Facts } from '../../database/facts.js';
import type { RecordsSql } from '../../records/sql.js';
import { DisposalLog, type LawfulDisposal } from '../../seal/index.js';
import type { CountersLedger } from './counters/invariants.js';
import type { CounterSample } from './counters/sample.js';

/** Where an observer of this trail reads the statements. */
export function disposalsIn({ seal }: AuditTrail): { readonly disposals?: () => Promise<readonly LawfulDisposal[]> } {
  if (seal === undefined) return {};
  const log = new DisposalLog(seal);
  return { disposals: () => log.disposals() };
}

/** A disposal as far as one table is concerned. */
export interface TableDisposal {
  readonly fromXid: bigint;
  readonly toXid: bigint;
  /** Whether records of this operation, in our words, were among them. */
  has(operation: string): boolean;
}

/** Transaction ids of another database mean other transactions. */
export function disposalsHere(all: readonly LawfulDisposal[], { system }: Facts): readonly LawfulDisposal[] {
  return all.filter((disposal) => disposal.system === undefined || system === undefined || disposal.system === system);
}

/** Those that hold records of the table. */
export function disposalsOf(
  disposals: readonly LawfulDisposal[],
  table: QualifiedName,
  { operations }: AuditRecords,
): readonly TableDisposal[] {
  return disposals.flatMap(({ fromXid, toXid, counts }) => {
    const own = counts.get(textOf(table)) ?? counts.get(table.name);
    if (own === undefined) return [];
    const isOwnWords = Object.keys(operations).length === 0;
    // Where an operation is inside a column, it was not counted by it.
    const words = new Set<string | undefined>([...own.keys()].map((word) => (isOwnWords ? word : operations[word])));
    return [{ fromXid, toXid, has: (operation: string) => own.has('') || words.has(operation) }];
  });
}

/** Whether a record between these two transactions, the later one left out, may have been disposed of. */
export function mayLieBetween(disposals: readonly TableDisposal[], after: bigint, before: bigint): boolean {
  return disposals.some(({ fromXid, toXid }) => fromXid < before && toXid > after);
}

/** A record by its place, and its time in seconds. */
export interface Placed {
  readonly ord: string;
  readonly at: number;
  /** Where records say by which transaction they were written. */
  readonly txid?: string | undefined;
}

/** The record was one of those. */
export function isDisposedOf(disposals: readonly LawfulDisposal[], { at, txid }: Placed): boolean {
  return disposals.some(({ certainty, from, to, fromXid, toXid }) => {
    if (certainty === 'exact') return txid !== undefined && BigInt(txid) >= fromXid && BigInt(txid) < toXid;
    return (from === undefined || at >= secondsOf(from.order)) && at <= secondsOf(to.order);
  });
}

/** The disposal includes the first records, so the present records need not begin where auditing did. */
export function isBeginningDisposedOf(disposals: readonly LawfulDisposal[]): boolean {
  return disposals.some(({ from, ids }) => from === undefined && ids?.after === undefined);
}

/**
 * How many of the stated records were deleted from the live table since the ledger began. That many deletions are explained.
 * Queried only while there are unexplained deletions and stated records.
 */
export async function countGone(
  session: Session,
  sql: RecordsSql,
  ledger: CountersLedger,
  sample: CounterSample,
  disposals: readonly LawfulDisposal[],
): Promise<number> {
  const deleted = deletedSince(ledger, sample);
  if (disposals.length === 0 || deleted <= 0) return 0;
  const known = ledger.disposed?.counted;
  if (
    known !== undefined &&
    known.deleted === deleted &&
    known.statements === disposals.length &&
    known.gone >= deleted
  )
    return known.gone;
  const { statements = 0, records = 0 } = ledger.disposed?.base ?? {};
  // For statements made since, all records were there when the ledger began.
  const stated = disposals.slice(statements).reduce((sum, disposal) => sum + disposal.records, records);
  const gone = Math.max(0, stated - (await countThere(session, sql, disposals)));
  ledger.disposed = { base: { statements, records }, counted: { deleted, statements: disposals.length, gone } };
  return gone;
}

/** Asked when a ledger begins: its counters do not include what was deleted before. */
export async function countThere(
  session: Session,
  sql: RecordsSql,
  disposals: readonly LawfulDisposal[],
): Promise<number> {
  if (disposals.length === 0) return 0;
  const [row] = await session.query<{ n: number }>(
    `select count(*)::int as n from ${sql.live} r where ${disposals.map((disposal) => `(${placesOf(sql, disposal)})`).join(' or ')}`,
  );
  return row?.n ?? 0;
}

/** By the bounds of the chunks, as the sealer read them. */
function placesOf(sql: RecordsSql, { from, to, ids, certainty }: LawfulDisposal): string {
  const [order, type] = certainty === 'exact' ? ['r.txid', sql.txidType ?? 'xid8'] : ['r.at', 'timestamptz'];
  const value = (text: string) => `${literal(text)}::${type}`;
  const pair = (id: string, text: string) => `(${value(text)}, ${literal(id)}::${sql.idType})`;
  const isUnder =
    to.id === undefined ? `${order} < ${value(to.order)}` : `(${order}, r.id) <= ${pair(to.id, to.order)}`;
  const id = (text: string) => `${literal(text)}::${sql.idType}`;
  const ofRange = [
    ...(ids?.after === undefined ? [] : [`r.id > ${id(ids.after)}`]),
    ...(ids?.upTo === undefined ? [] : [`r.id <= ${id(ids.upTo)}`]),
  ];
  if (from === undefined) return [isUnder, ...ofRange].join(' and ');
  const isBeyond =
    from.id === undefined ? `${order} >= ${value(from.order)}` : `(${order}, r.id) > ${pair(from.id, from.order)}`;
  return [isBeyond, isUnder, ...ofRange].join(' and ');
}

function deletedSince({ base }: CountersLedger, { records }: CounterSample): number {
  return Object.entries(records).reduce((sum, [oid, tuples]) => sum + tuples[2] - (base.records[oid]?.[2] ?? 0), 0);
}

function secondsOf(order: string): number {
  return Date.parse(`${order.replace(' ', 'T').replace(/(Z|\+00(:00)?)$/, '')}Z`) / 1000;
}
