/** What a portal recorded of one kind of operation in the last day. A second source: it measured itself. */
export interface RecordedOperation {
  readonly operation: RecordedKind;
  readonly count: number;
  /** Recently; absent where the record does not tell success. */
  readonly failures?: number;
  readonly averageSeconds?: number;
  readonly maxSeconds?: number;
  readonly p95Seconds?: number;
}

export interface RecordedDurations {
  readonly operations: readonly RecordedOperation[];
  /** What this record cannot tell, and why. */
  readonly note?: string;
}

/** Words of a portal are not labels: whatever is not one of these is `other`. */
export const recordedKinds = [
  'encrypt',
  'decrypt',
  'bulk_encrypt',
  'bulk_decrypt',
  'access',
  'rotate',
  'other',
] as const;
export type RecordedKind = (typeof recordedKinds)[number];

/** As SQL, from a column of any type. */
export function kindSql(column: string | undefined): string {
  if (column === undefined) return `'access'`;
  const word = `lower(${column}::text)`;
  return `case
    when ${word} like '%bulk%encrypt%' or ${word} like '%encrypt%bulk%' then 'bulk_encrypt'
    when ${word} like '%bulk%decrypt%' or ${word} like '%decrypt%bulk%' then 'bulk_decrypt'
    when ${word} like '%decrypt%' then 'decrypt' when ${word} like '%encrypt%' then 'encrypt'
    when ${word} like '%rotat%' then 'rotate'
    when ${word} in ('access', 'read', 'view') then 'access' else 'other' end`;
}

export interface KindRow extends Record<string, unknown> {
  readonly kind: string;
  readonly operations: number;
  readonly failures: number | null;
  readonly average: number | null;
  readonly max: number | null;
  readonly p95: number | null;
}

const MS = 1000;

/** A failure of this morning is no reason to call somebody now. */
const RECENT = `interval '15 minutes'`;

/** Failures as SQL, from a column that says success and one that says when. */
export function failuresSql(success: string | undefined, at: string): string {
  if (success === undefined) return 'null::float8';
  return `count(*) filter (where not ${success} and ${at} > now() - ${RECENT})::float8`;
}

export function recordedDurations(rows: readonly KindRow[], note?: string): RecordedDurations {
  return {
    operations: rows.map(({ kind, operations, failures, average, max, p95 }) => ({
      operation: recordedKinds.find((each) => each === kind) ?? 'other',
      count: operations,
      ...(failures === null ? {} : { failures }),
      ...(average === null ? {} : { averageSeconds: average / MS }),
      ...(max === null ? {} : { maxSeconds: max / MS }),
      ...(p95 === null ? {} : { p95Seconds: p95 / MS }),
    })),
    ...(note === undefined ? {} : { note }),
  };
}
