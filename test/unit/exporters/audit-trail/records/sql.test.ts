import { expect, test } from 'vitest';
import type { RecordsShape } from '../../../../../exporters/audit-trail/records/shape.js';
import { RecordsSql } from '../../../../../exporters/audit-trail/records/sql.js';
import type { AuditRecords } from '../../../../../pack/audit-trail/model.js';
import { auditPresets } from '../../../../../pack/audit-trail/presets.js';
import { ownRecords } from '../../../../support/audit-trail/domain.js';

const shape: RecordsShape = {
  oid: '1',
  unlogged: false,
  leaves: ['1'],
  archiveOid: undefined,
  archiveLeaves: [],
  types: new Map([['id', 'bigint']]),
  archiveLacks: new Set(),
  sequence: undefined,
  idIsUnique: true,
  idIsIndexed: true,
  hasPartialImages: false,
};

const withColumns = (columns: AuditRecords['columns']): AuditRecords => ({ ...ownRecords, columns });

test('the key of a deleted row is read from where the trail writes it', () => {
  const { rowKey, rowKeyBefore } = auditPresets.supa_audit.columns;
  if (rowKey === undefined || rowKeyBefore === undefined) throw new Error('the preset lost its keys');
  const sql = new RecordsSql(withColumns({ ...ownRecords.columns, rowKey, rowKeyBefore }), shape);
  expect(sql.live).toContain('coalesce(t."record_id", t."old_record_id") as key');
});

test('records that name no schema are of the first schema in scope, and of no other', () => {
  const { schema: _, ...columns } = ownRecords.columns;
  const sql = new RecordsSql(withColumns(columns), shape, 'sales');
  expect(sql.tableText('r')).toBe("'sales.' || (r.tbl)::text");
  expect(sql.ofTable('r', { schema: 'sales', name: 'orders' })).toBe("r.tbl = 'orders'");
  expect(sql.ofTable('r', { schema: 'archive', name: 'orders' })).toBe('false');
  expect(sql.tells({ schema: 'archive', name: 'orders' })).toBe(false);
});

test('records that name tables in their own words are of the tables that these stand for', () => {
  const { schema: _, ...columns } = ownRecords.columns;
  const records = { ...ownRecords, columns, tables: { Order: 'archive.orders', "Partner's": 'sales.partners' } };
  const sql = new RecordsSql(records, shape, 'sales');
  expect(sql.tableText('r')).toBe(
    "(case (r.tbl)::text when 'Order' then 'archive.orders' when 'Partner''s' then 'sales.partners' else 'sales.' || (r.tbl)::text end)",
  );
  expect(sql.ofTable('r', { schema: 'archive', name: 'orders' })).toBe("r.tbl = 'Order'");
  expect(sql.ofTable('r', { schema: 'sales', name: 'orders' })).toBe("r.tbl = 'orders'");
  // The word of another table is no name.
  expect(sql.ofTable('r', { schema: 'sales', name: 'Order' })).toBe('false');
  expect(sql.tells({ schema: 'archive', name: 'orders' })).toBe(true);
  expect(sql.tells({ schema: 'archive', name: 'others' })).toBe(false);
});
