import { parseQualified } from '../../../../runtime/postgres/quote.js';
import type { Session } from '../../../../runtime/postgres/read-only.js';
import type { RecordsSql } from '../../../records/sql.js';
import type { Known } from '../../known.js';
import type { Catalogue } from '../../tables/catalogue.js';
import type { CountersLedger } from './invariants.js';
import { recordsOf } from './maintained.js';

export interface Dropped {
  readonly labels: readonly string[];
  /** Records of changes in them since counters agreed last. */
  readonly records: number;
}

/**
 * A table that is dropped takes the counts with it that its last sessions had not reported yet, and the calls of the trigger were
 * counted. Its records say how many changes that may be.
 */
export async function recordsOfDropped(
  session: Session,
  sql: RecordsSql,
  { masks, agreedAt }: CountersLedger,
  { relations }: Catalogue,
  { gone, epoch }: Pick<Known, 'gone' | 'epoch'>,
): Promise<Dropped | undefined> {
  const there = new Set(relations.map(({ oid }) => oid));
  const labels = Object.entries(gone)
    .filter(([, { storage }]) =>
      Object.values(storage.relations ?? {}).some((oid) => !there.has(oid) && (masks[oid] ?? 0) !== 0),
    )
    .map(([label]) => label);
  // Counters of a busy trail may not have agreed since they began.
  const since = agreedAt?.xid ?? epoch?.xmax;
  if (labels.length === 0 || since === undefined || sql.txidType === undefined) return undefined;
  return { labels, records: await recordsOf(session, sql, labels.map(parseQualified), { from: since }) };
}
