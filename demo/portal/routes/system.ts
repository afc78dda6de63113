import type { Connection } from '../database/pool.js';
import { intQuery } from '../http/input.js';
import { naiveNow } from '../http/json.js';
import type { Route } from '../http/route.js';

const CRITICAL_TABLES = [
  'holding_activity_log',
  'portfolio_fund_irr_values',
  'portfolio_irr_values',
  'portfolio_fund_valuations',
];

export const systemRoutes: readonly Route[] = [
  {
    method: 'GET',
    path: '/api/system/health',
    access: 'database',
    json: 'plain',
    async handle({ db }) {
      const startedAt = performance.now();
      try {
        await db.rows('select 1 as test');
        const sequences = await sequenceHealth(db);
        return {
          status: sequences.overall_health ? 'healthy' : 'degraded',
          database_connectivity: 'ok',
          sequence_health: sequences.overall_health ? 'ok' : 'warning',
          response_time_ms: Math.round((performance.now() - startedAt) * 100) / 100,
          checked_at: naiveNow(),
          details: {
            sequences_healthy: sequences.healthy_sequences,
            sequences_total: sequences.total_sequences,
          },
        };
      } catch (error) {
        return {
          status: 'error',
          error: error instanceof Error ? error.message : String(error),
          checked_at: naiveNow(),
        };
      }
    },
  },
  {
    method: 'GET',
    path: '/api/system/sequence-health',
    access: 'database',
    json: 'plain',
    failure: 'Health check failed',
    handle: ({ db }) => sequenceHealth(db),
  },
  {
    method: 'GET',
    path: '/api/system/bulk-operation-stats',
    access: 'database',
    json: 'plain',
    failure: 'Statistics analysis failed',
    async handle(call) {
      const days = intQuery(call, 'days', 7, 1, 30);
      const counted = await call.db.row<{ records: number; bulks: number }>(
        `select count(*) as records, count(distinct date_trunc('minute', created_at)) as bulks
         from holding_activity_log where created_at > now() - make_interval(days => $1)`,
        [days],
      );
      const { records, bulks } = counted ?? { records: 0, bulks: 0 };
      const { overall_health, healthy_sequences, total_sequences } = await sequenceHealth(call.db);
      return {
        analysis_period_days: days,
        summary: {
          total_activity_records: records,
          bulk_operations_detected: bulks,
          avg_records_per_operation: Math.round((records / Math.max(bulks, 1)) * 10) / 10,
          analysis_timestamp: naiveNow(),
        },
        bulk_operation_patterns: [],
        sequence_health_summary: { overall_healthy: overall_health, healthy_sequences, total_sequences },
        recommendations: [],
      };
    },
  },
];

/** Asks for "last value greater than highest id", which a sound sequence never fulfils: hence always degraded. */
async function sequenceHealth(db: Connection) {
  const sequences = [];
  for (const table of CRITICAL_TABLES) {
    const sequence = `${table}_id_seq`;
    const found = await db.row<{ value: number; highest: number }>(
      `select (select last_value from ${sequence}) as value, coalesce((select max(id) from ${table}), 0) as highest`,
    );
    const { value, highest } = found ?? { value: 0, highest: 0 };
    const isHealthy = value > highest;
    sequences.push({
      table,
      sequence,
      sequence_value: value,
      table_max_id: highest,
      is_healthy: isHealthy,
      gap: isHealthy ? 0 : highest - value,
      status: isHealthy ? 'OK' : 'NEEDS_REPAIR',
      severity: 'LOW',
    });
  }
  const healthy = sequences.filter((sequence) => sequence.is_healthy).length;
  return {
    overall_health: healthy === sequences.length,
    sequences,
    checked_at: naiveNow(),
    total_sequences: sequences.length,
    healthy_sequences: healthy,
    filter_applied: null,
  };
}
