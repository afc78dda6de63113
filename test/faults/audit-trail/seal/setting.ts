import type { AuditRecords, AuditTrail } from '../../../../pack/audit-trail/model.js';
import type { DatabaseAccess } from '../../../../pack/index.js';
import type { Seal } from '../../../../pack/sealing/model.js';

export const ORIGIN = 'kingston.example/audit';

export const records: AuditRecords = {
  preset: 'kop',
  table: 'audit.log',
  columns: {
    id: { column: 'id' },
    at: { column: 'ts' },
    operation: { column: 'op' },
    schema: { column: 'table_schema' },
    table: { column: 'table_name' },
    transaction: { column: 'xact_id' },
  },
  operations: { INSERT: 'INSERT', UPDATE: 'UPDATE', DELETE: 'DELETE', TRUNCATE: 'TRUNCATE' },
  writtenBy: 'trigger',
  maxWriteLagMs: 1_000,
  triggerFunctions: [],
};

export function trailAt(database: DatabaseAccess, seal: Seal, mapped: AuditRecords = records): AuditTrail {
  return {
    name: 'audit',
    portal: 'kingston',
    title: 'Audit',
    team: 'platform',
    database,
    scope: { schemas: ['public'], include: [], exclude: [], operations: [] },
    records: mapped,
    attribution: { machineActors: [], sharedActors: [], required: [] },
    observe: {
      intervalMs: 1,
      confirmIntervalMs: 1,
      resolveWithinMs: 1,
      replayRowsPerCycle: 1,
      maxLoad: 1,
      catchUpLoad: 1,
      maxClockSkewMs: 1,
      trustedFunctions: [],
    },
    retention: { keepDays: 1 },
    seal,
    comparisons: [],
  };
}
