/** What a portal recorded about one kind of operation in the last day. A second source: the portal measured itself. */
export interface RecordedOperation {
  readonly operation: RecordedKind;
  readonly count: number;
  /** Recent failures; absent if the table does not record success. */
  readonly failures?: number;
  readonly averageSeconds?: number;
  readonly maxSeconds?: number;
  readonly p95Seconds?: number;
}

export interface RecordedDurations {
  readonly operations: readonly RecordedOperation[];
  /** What this table does not contain, and why. */
  readonly note?: string;
}

/** Texts of a portal do not become labels: any other operation is `other`. */
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

/** An older failure is not a reason to alert a person now. */
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
