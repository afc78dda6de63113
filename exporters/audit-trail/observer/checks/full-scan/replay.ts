import type { replayKinds } from '../../../../../pack/audit-trail/metrics.js';
import type { QualifiedName } from '../../../../runtime/postgres/quote.js';
import type { Session } from '../../../../runtime/postgres/read-only.js';
import type { KeyFormat } from '../../../records/keys.js';
import type { RecordsSql } from '../../../records/sql.js';
import type { TableColumns } from '../../tables/columns.js';
import type { Finding } from '../../verdict/findings.js';
import type { TableDisposal } from '../disposals.js';

export type ReplayKind = (typeof replayKinds)[number];

/** What one full scan goes over: a table, or one leaf of it where the records name leaves. */
export interface ReplayUnit {
  /** Label of the table in scope. */
  readonly table: string;
  readonly oid: string;
  readonly relation: QualifiedName;
  /** As the records name it. */
  readonly recordedAs: QualifiedName;
  readonly columns: TableColumns;
  readonly format: KeyFormat;
  /** Records from before this transaction are of another table that had its name; 0 unless that was seen to happen. */
  readonly madeAt: bigint;
  /** A SNAPSHOT was seen, so every row must have a record. */
  readonly hasSnapshot: boolean;
  /** Records of it that are lawfully gone. */
  readonly disposals: readonly TableDisposal[];
  /** Row versions from this transaction on were made while we watched: each must have a record of the same version. */
  readonly watchedSince: bigint | undefined;
  /** Row versions and last records older than this were accepted by a declared baseline. */
  readonly acceptedBefore: bigint;
  /** The first full scan after a baseline: what is gone from the table by now is accepted. */
  readonly isAccepting: boolean;
  /** A record has the same xmin as the row version that it describes. */
  readonly comparesVersions: boolean;
  /** More records than trigger calls: a record too many is then likelier than a change too few. */
  readonly recordsAreTooMany: 'yes' | 'no' | 'perhaps';
}

export interface ReplayPage {
  readonly mismatches: readonly { readonly kind: ReplayKind; readonly finding: Finding }[];
  /** Rows that differ in columns alone whose definition changed since, so that there is nothing to compare them with. */
  readonly redefined: number;
  /** Rows, or keys without a row, whose records or rows may be under a key that the table had before. */
  readonly unpaired: number;
  /** Accepted by the baseline in this scan, to be remembered. */
  readonly accepted: readonly string[];
  /** Live rows that cannot be proven: older than the observer, and without a SNAPSHOT. */
  readonly unbaselined: number;
  /** Live rows whose last record has no image after the change. */
  readonly lackingImages: number;
  /** Columns that hold a value in some live row, and no record of that row tells which. */
  readonly untold: readonly string[];
  readonly compared: number;
  /** Where to go on; undefined at the end. */
  readonly next: readonly string[] | undefined;
}

/** Records before the newest TRUNCATE speak of rows that are gone. As SQL, or undefined when there was none. */
export async function lastTruncate(session: Session, sql: RecordsSql, unit: ReplayUnit): Promise<string | undefined> {
  const [row] = await session.query<{ ord: string | null }>(
    `select max(r.ord)::text as ord from ${sql.all} r where ${sql.ofTable('r', unit.recordedAs)} and r.key is null and r.op = 'TRUNCATE'`,
  );
  return row?.ord == null ? undefined : `'${row.ord.replaceAll("'", "''")}'::${sql.ordType}`;
}
