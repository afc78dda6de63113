import { z } from 'zod';
import { ciphertextFormats, sensitivities, timingPresets } from '../encryption-model.js';
import { list, tableName } from './audit-texts.js';
import { database } from './audit-trail.js';
import { columnName } from './encryption-tables.js';
import { regex } from './patterns.js';
import { count, expected, name, oneOf, section, text } from './say.js';
import { interval } from './units.js';

const formatForm = `one of ${ciphertextFormats.join(', ')}, or a map of regex:`;

const format = z.union(
  [
    z.enum(ciphertextFormats),
    section(
      {
        regex: regex().describe(
          'Regular expression of a whole ciphertext, from its first character to its last; groups (?<version>…) and (?<nonce>…) are used where it has them.',
        ),
      },
      formatForm,
    ),
  ],
  { error: expected(formatForm) },
);

const column = section({
  table: tableName().describe('Table as schema.table.'),
  column: columnName().describe('Column that should hold nothing but ciphertext.'),
  path: list(text(), 'keys')
    .min(1, { error: expected('at least one key') })
    .exactOptional()
    .describe('Keys that lead to the value inside a jsonb column, such as an audit image; outermost first.'),
  primaryKey: columnName().prefault('id').describe('Column by which the table is walked through. Default id.'),
  format: format.describe('What a ciphertext looks like here.'),
  key: name().exactOptional().describe('Key of keys: whose versions are expected.'),
  sensitivity: oneOf(sensitivities)
    .exactOptional()
    .describe('How sensitive it is. Default: that of its key, else confidential.'),
});

export const scan = section({
  database: database().describe('Where the columns are. The role only reads.'),
  replica: database().exactOptional().describe('A replica to read them from. Default: the database itself.'),
  interval: interval().prefault('6h').describe('Time between the beginnings of two scans. Default 6h.'),
  rowsPerSecond: count(1, 10_000_000).prefault(5000).describe('Rows read in one second at the most. Default 5000.'),
  batchRows: count(1, 100_000).prefault(2000).describe('Rows read with one query. Default 2000.'),
  stateDirectory: text()
    .exactOptional()
    .describe(
      "Folder in which progress survives a restart. It holds counts, never values. Default: the exporter's state directory.",
    ),
  columns: list(column, 'columns')
    .min(1, { error: expected('at least one column') })
    .describe('Columns to read, copies in audit tables and archives among them.'),
});

export const timing = section({
  preset: oneOf(timingPresets).describe("Which of the portal's documented tables it is."),
  table: tableName().exactOptional().describe('Table as schema.table. Default: that name in schema public.'),
  database: database().describe('Where it is. The role only reads.'),
});

export type ParsedScan = z.output<typeof scan>;
export type ParsedColumn = z.output<typeof column>;
