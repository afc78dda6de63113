import { tableSql } from '../../runtime/postgres/quote.js';
import type { ScanQuery } from '../scan/database.js';
import { failuresSql, type KindRow, kindSql, type RecordedDurations, recordedDurations } from './durations.js';
import { columnsOf, firstOf, required } from './table-columns.js';

/** `field_access_log`: who read which field. It is not intended for durations. */
export async function readAccessLog(query: ScanQuery, table: string): Promise<RecordedDurations> {
  const columns = await columnsOf(query, table);
  const at = required(
    firstOf(columns, ['access_timestamp', 'accessed_at', 'access_time', 'created_at', 'timestamp']),
    'the time',
  );
  const kind = kindSql(firstOf(columns, ['operation_type', 'access_type', 'operation', 'action']));
  const rows = await query<KindRow>(
    `select ${kind} as kind, count(*)::float8 as operations,
      ${failuresSql(firstOf(columns, ['success']), at)} as failures, null::float8 as average, null::float8 as max,
      null::float8 as p95
    from ${tableSql(table)} where ${at} > now() - interval '1 day' group by 1`,
  );
  return recordedDurations(rows, 'the table holds no durations');
}
