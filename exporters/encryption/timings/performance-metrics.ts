import { tableSql } from '../../runtime/postgres/quote.js';
import type { ScanQuery } from '../scan/database.js';
import { type KindRow, kindSql, type RecordedDurations, recordedDurations } from './durations.js';
import { columnsOf, firstOf, required } from './table-columns.js';

/**
 * `encryption_performance_metrics`: one row for each day, field and operation. The newest day of the last two is
 * read, because the row of a day may be written when it is over.
 */
export async function readPerformanceMetrics(query: ScanQuery, table: string): Promise<RecordedDurations> {
  const columns = await columnsOf(query, table);
  const day = required(firstOf(columns, ['operation_date', 'date']), 'the day');
  const count = required(firstOf(columns, ['operation_count']), 'the number of operations');
  const kind = kindSql(firstOf(columns, ['operation_type', 'operation']));
  const total = firstOf(columns, ['total_duration_ms']);
  const average = firstOf(columns, ['avg_duration_ms']);
  const max = firstOf(columns, ['max_duration_ms']);
  const errors = firstOf(columns, ['error_count']);
  const sum = total ?? (average === undefined ? undefined : `${average} * ${count}`);
  const rows = await query<KindRow>(
    `select ${kind} as kind, coalesce(sum(${count}), 0)::float8 as operations,
      ${errors === undefined ? 'null::float8' : `coalesce(sum(${errors}), 0)::float8`} as failures,
      ${sum === undefined ? 'null::float8' : `(sum(${sum}) / nullif(sum(${count}), 0))::float8`} as average,
      ${max === undefined ? 'null::float8' : `max(${max})::float8`} as max, null::float8 as p95
    from ${tableSql(table)} where ${day} = (select max(${day}) from ${tableSql(table)}
      where ${day} >= current_date - 1 and ${day} <= current_date) group by 1`,
  );
  return recordedDurations(rows, rows.length === 0 ? 'the table has no row of today or yesterday' : undefined);
}
