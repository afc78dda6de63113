/**
 * What the columns of well-known audit tables mean. A preset is a beginning: a trail may override any of it.
 *
 * Those of the portal's own tables follow its documents, which describe five designs that disagree; a column that no
 * document names is not guessed at, so the field counts as absent.
 */
import type { AuditColumns, AuditOperation, AuditRecords, ColumnRef } from './model.js';

export const auditPresetNames = [
  'kop',
  'supa_audit',
  'audit_trigger',
  'django_auditlog',
  'system_audit_log',
  'audit_log',
  'audit_events',
  'product_owners_audit_log',
  'security_audit_log',
  'custom',
] as const;
export type AuditPresetName = (typeof auditPresetNames)[number];

/** `custom` knows nothing beforehand, so a trail that uses it says everything itself. */
export interface AuditPreset {
  readonly table?: string;
  readonly archive?: string;
  readonly columns: Partial<AuditColumns>;
  readonly operations: AuditRecords['operations'];
  readonly writtenBy: AuditRecords['writtenBy'];
  readonly maxWriteLagMs: number;
  readonly triggerFunctions: readonly string[];
}

const column = (name: string, ...path: string[]): ColumnRef =>
  path.length === 0 ? { column: name } : { column: name, path };

const sqlOperations: Readonly<Record<string, AuditOperation>> = {
  INSERT: 'INSERT',
  UPDATE: 'UPDATE',
  DELETE: 'DELETE',
  TRUNCATE: 'TRUNCATE',
};

/** The portal's collector writes batches every 5 s, in another variant every 30 s. */
export const applicationWriteLagMs = 30_000;

const byTrigger = { writtenBy: 'trigger', maxWriteLagMs: 0, triggerFunctions: [] } as const;
const byApplication = { writtenBy: 'application', maxWriteLagMs: applicationWriteLagMs, triggerFunctions: [] } as const;

export const auditPresets: Readonly<Record<AuditPresetName, AuditPreset>> = {
  /** What `kop audit install` makes. */
  kop: {
    ...byTrigger,
    table: 'audit.log',
    columns: {
      id: column('id'),
      at: column('ts'),
      operation: column('op'),
      table: column('table_name'),
      schema: column('table_schema'),
      rowKey: column('pk'),
      oldRow: column('old_row'),
      newRow: column('new_row'),
      actor: column('actor'),
      actorKind: column('actor_kind'),
      application: column('application'),
      correlation: column('correlation_id'),
      reason: column('reason'),
      transaction: column('xact_id'),
    },
    // CHANGE is an UPDATE of which only the columns that changed are recorded.
    operations: { ...sqlOperations, SNAPSHOT: 'SNAPSHOT', CHANGE: 'UPDATE' },
    triggerFunctions: ['audit.record', 'audit.record_truncate'],
  },
  /** Without its `auth_uid`, which exists only beside an `auth` schema: map it as `actor` where it does. */
  supa_audit: {
    ...byTrigger,
    table: 'audit.record_version',
    columns: {
      id: column('id'),
      at: column('ts'),
      operation: column('op'),
      table: column('table_name'),
      schema: column('table_schema'),
      rowKey: column('record_id'),
      rowKeyBefore: column('old_record_id'),
      oldRow: column('old_record'),
      newRow: column('record'),
    },
    operations: sqlOperations,
    triggerFunctions: ['audit.insert_update_delete_trigger', 'audit.truncate_trigger'],
  },
  /** 2ndQuadrant's. It names no key: that of the row images, which is right for tables whose key is `id`. */
  audit_trigger: {
    ...byTrigger,
    table: 'audit.logged_actions',
    columns: {
      id: column('event_id'),
      at: column('action_tstamp_clk'),
      operation: column('action'),
      table: column('table_name'),
      schema: column('schema_name'),
      rowKey: column('changed_fields', 'id'),
      rowKeyBefore: column('row_data', 'id'),
      oldRow: column('row_data'),
      newValues: column('changed_fields'),
      actor: column('session_user_name'),
      application: column('application_name'),
    },
    operations: { I: 'INSERT', U: 'UPDATE', D: 'DELETE', T: 'TRUNCATE' },
    triggerFunctions: ['audit.if_modified_func'],
  },
  /** Its word for a table is the number of a content type, which `tables` maps. Reading (action 3) is no change. */
  django_auditlog: {
    ...byApplication,
    table: 'public.auditlog_logentry',
    columns: {
      id: column('id'),
      at: column('timestamp'),
      operation: column('action'),
      table: column('content_type_id'),
      rowKey: column('object_pk'),
      changes: column('changes'),
      actor: column('actor_id'),
      correlation: column('cid'),
    },
    operations: { '0': 'INSERT', '1': 'UPDATE', '2': 'DELETE' },
  },
  system_audit_log: {
    ...byTrigger,
    table: 'public.system_audit_log',
    columns: {
      id: column('id'),
      at: column('created_at'),
      operation: column('operation_type'),
      table: column('table_name'),
      rowKey: column('record_id'),
      actor: column('user_id'),
      application: column('user_agent'),
      correlation: column('session_id'),
      reason: column('business_justification'),
    },
    // READ_SENSITIVE, EXPORT, LOGIN and LOGOUT change nothing.
    operations: { CREATE: 'INSERT', UPDATE: 'UPDATE', DELETE: 'DELETE' },
  },
  /** Named by every operations guide, defined by none: `id` is what its siblings have. */
  audit_log: {
    ...byApplication,
    table: 'public.audit_log',
    columns: {
      id: column('id'),
      at: column('created_at'),
      operation: column('operation_type'),
      table: column('table_name'),
      rowKey: column('record_id'),
      actor: column('user_id'),
    },
    operations: { INSERT: 'INSERT', UPDATE: 'UPDATE', DELETE: 'DELETE' },
  },
  audit_events: {
    ...byApplication,
    table: 'public.audit_events',
    archive: 'public.audit_events_archive',
    columns: {
      id: column('event_id'),
      at: column('timestamp'),
      operation: column('event_type'),
      table: column('event_data', 'resource_type'),
      rowKey: column('event_data', 'resource_id'),
      actor: column('user_id'),
      application: column('user_agent'),
      correlation: column('correlation_id'),
    },
    operations: {
      'data.client.create': 'INSERT',
      'data.client.update': 'UPDATE',
      'data.client.delete': 'DELETE',
    },
  },
  product_owners_audit_log: {
    ...byTrigger,
    table: 'public.product_owners_audit_log',
    columns: {
      id: column('id'),
      at: column('changed_at'),
      operation: column('change_type'),
      fixedTable: 'public.product_owners',
      rowKey: column('product_owner_id'),
      actor: column('changed_by'),
    },
    operations: { create: 'INSERT', update: 'UPDATE', delete: 'DELETE' },
  },
  /** Its triggers write create and update, its application edit: both words mean the same change. */
  security_audit_log: {
    ...byApplication,
    table: 'public.security_audit_log',
    columns: {
      id: column('id'),
      at: column('timestamp'),
      operation: column('action_type'),
      table: column('resource_type'),
      rowKey: column('resource_id'),
      actor: column('user_id'),
    },
    operations: { create: 'INSERT', update: 'UPDATE', edit: 'UPDATE', delete: 'DELETE' },
  },
  custom: { ...byApplication, columns: {}, operations: {} },
};
