import type { Attribution, AuditRecords, AuditTrail } from '../../../pack/audit-trail/model.js';
import { SecretText } from '../../../pack/index.js';

/** The columns of `auditSchema`. */
export const ownRecords: AuditRecords = {
  preset: 'kop',
  table: 'audit.log',
  columns: {
    id: { column: 'id' },
    at: { column: 'ts' },
    operation: { column: 'op' },
    schema: { column: 'table_schema' },
    table: { column: 'table_name' },
    rowKey: { column: 'pk' },
    oldRow: { column: 'old_row' },
    newRow: { column: 'new_row' },
    actor: { column: 'actor' },
    actorKind: { column: 'actor_kind' },
    application: { column: 'application' },
    correlation: { column: 'correlation_id' },
    reason: { column: 'reason' },
    transaction: { column: 'xact_id' },
  },
  operations: { INSERT: 'INSERT', UPDATE: 'UPDATE', DELETE: 'DELETE', TRUNCATE: 'TRUNCATE', SNAPSHOT: 'SNAPSHOT' },
  writtenBy: 'trigger',
  maxWriteLagMs: 0,
  triggerFunctions: ['audit.record', 'audit.record_truncate'],
};

export const attribution: Attribution = {
  machineActors: ['job:*'],
  sharedActors: ['admin'],
  required: ['actor', 'at', 'rowKey', 'application'],
};

export function auditTrail(url: string, changes: Partial<AuditTrail> = {}): AuditTrail {
  return {
    name: 'test',
    portal: 'kingston',
    title: 'Test trail',
    team: 'compliance',
    database: { url: SecretText.literal(url), statementTimeoutMs: 20_000, maxConnections: 3 },
    scope: { schemas: ['public'], include: [], exclude: [], operations: ['INSERT', 'UPDATE', 'DELETE', 'TRUNCATE'] },
    records: ownRecords,
    attribution,
    observe: {
      intervalMs: 15_000,
      confirmIntervalMs: 60_000,
      resolveWithinMs: 600_000,
      replayRowsPerCycle: 50_000,
      maxLoad: 1,
      catchUpLoad: 1,
      maxClockSkewMs: 2_000,
      trustedFunctions: [],
    },
    retention: { keepDays: 2555 },
    comparisons: [],
    ...changes,
  };
}
