import { z } from 'zod';
import { functionName, tableName } from '../../postgres/schema/texts.js';
import { expected, list, oneOf, section, text } from '../../reading/schema/say.js';
import { duration } from '../../reading/schema/units.js';
import { auditOperations } from '../model.js';
import { auditPresetNames } from '../presets.js';

const columnForm = 'a column name, or a map of column: and path:';

/** `changed_by`, or `{ column: event_data, path: [resource_id] }` for what lies inside a jsonb column. */
const columnRef = () =>
  z.union(
    [
      text(),
      section(
        {
          column: text().describe('Column of type jsonb.'),
          path: list(text(), 'keys')
            .min(1, { error: expected('at least one key') })
            .describe('Keys of the path to the value, outermost first.'),
        },
        columnForm,
      ),
    ],
    { error: expected(columnForm) },
  );

const columns = section({
  id: columnRef().exactOptional().describe('Identity of the record.'),
  at: columnRef().exactOptional().describe('Time of the change.'),
  operation: columnRef().exactOptional().describe('What was done, in words of operations:.'),
  table: columnRef().exactOptional().describe('Table that was changed.'),
  schema: columnRef().exactOptional().describe("That table's schema. Default: the first of the scope's schemas."),
  fixedTable: tableName().exactOptional().describe('The one table whose changes are recorded here.'),
  rowKey: columnRef().exactOptional().describe('Key of the row that was changed.'),
  rowKeyBefore: columnRef().exactOptional().describe('Where the key stands when rowKey is null.'),
  oldRow: columnRef().exactOptional().describe('The row before the change, jsonb or hstore.'),
  newRow: columnRef().exactOptional().describe('The row after the change, jsonb or hstore.'),
  newValues: columnRef()
    .exactOptional()
    .describe(
      'In place of newRow: the new values of changed columns, to be laid over oldRow, which for an INSERT is the new row.',
    ),
  changes: columnRef()
    .exactOptional()
    .describe('In place of oldRow and newRow: what changed, as { "column": [old, new] }, jsonb.'),
  actor: columnRef().exactOptional().describe('Who did it.'),
  actorKind: columnRef().exactOptional().describe('human or machine.'),
  application: columnRef().exactOptional().describe('With which program.'),
  correlation: columnRef().exactOptional().describe('The request or session it belongs to.'),
  reason: columnRef().exactOptional().describe('Why.'),
  transaction: columnRef()
    .exactOptional()
    .describe('Transaction, a column of type xid8. Without it reading is less certain.'),
});

const operationWords = [...auditOperations, 'SNAPSHOT', 'ignore'] as const;

export const records = section({
  preset: oneOf(auditPresetNames).describe('What the columns mean; each can be overridden. custom knows nothing.'),
  table: tableName().exactOptional().describe('Table of the records. Default: that of the preset.'),
  archive: tableName()
    .exactOptional()
    .describe('Table of older records, with the same columns. Default: that of the preset.'),
  columns: columns.prefault({}).describe("Columns that differ from the preset's."),
  operations: z
    .record(text(), oneOf(operationWords), {
      error: expected(`a map of the table's words to ${operationWords.join(', ')}`),
    })
    .prefault({})
    .describe("The table's own words for operations, added to the preset's; ignore takes one back."),
  tables: z
    .record(text(), tableName(), {
      error: expected("a map of the records' words to tables, such as Client: public.clients"),
    })
    .prefault({})
    .describe("The records' own words for tables, as applications write them: { Client: public.clients }."),
  writtenBy: oneOf(['trigger', 'application'])
    .exactOptional()
    .describe("Who writes the records. Default: the preset's."),
  maxWriteLag: duration().exactOptional().describe('How much later an application may write its record. Default: 30s.'),
  triggerFunctions: list(functionName(), 'functions such as audit.record')
    .exactOptional()
    .describe("Functions whose calls write records. Default: the preset's."),
});

export type ParsedAuditRecords = z.output<typeof records>;
export type ParsedColumnRef = z.output<ReturnType<typeof columnRef>>;
