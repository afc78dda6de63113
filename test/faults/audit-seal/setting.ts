import type { AuditRecords } from '../../../pack/audit-trail/model.js';

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
