import { tableSql } from '../../runtime/postgres/quote.js';
import type { ScanQuery } from '../scan/database.js';
import { failuresSql, type KindRow, kindSql, type RecordedDurations, recordedDurations } from './durations.js';
import { columnsOf, firstOf, required } from './table-columns.js';

/**
 * `encryption_audit_log`. The operations guides query `execution_time_ms`; the only definition of the table has no
 * such column. Both are read; the second gives only counts.
 */
export async function readAuditLog(query: ScanQuery, table: string): Promise<RecordedDurations> {
  const columns = await columnsOf(query, table);
  const at = required(firstOf(columns, ['created_at', 'access_time', 'accessed_at', 'timestamp']), 'the time');
  const time = firstOf(columns, ['execution_time_ms', 'duration_ms', 'processing_time_ms']);
  const kind = kindSql(firstOf(columns, ['operation_type', 'operation']));
  // Where there is no such column, errors are said to be rows for no record.
  const success = firstOf(columns, ['success']) ?? (columns.has('record_id') ? '(record_id::bigint <> -1)' : undefined);
  const statistics =
    time === undefined
      ? 'null::float8 as average, null::float8 as max, null::float8 as p95'
      : `avg(${time})::float8 as average, max(${time})::float8 as max,
        (percentile_cont(0.95) within group (order by ${time}::float8)) as p95`;
  const rows = await query<KindRow>(
    `select ${kind} as kind, count(*)::float8 as operations,
      ${failuresSql(success, at)} as failures, ${statistics}
    from ${tableSql(table)} where ${at} > now() - interval '1 day' group by 1`,
  );
  return recordedDurations(
    rows,
    time === undefined ? 'the table has no column for durations, so only counts are known' : undefined,
  );
}
