import { z } from 'zod';
import { database } from '../../postgres/schema/database.js';
import { tableName } from '../../postgres/schema/texts.js';
import { regex } from '../../reading/schema/patterns.js';
import { count, expected, flag, list, name, oneOf, section, text } from '../../reading/schema/say.js';
import { interval } from '../../reading/schema/units.js';
import { ciphertextFormats, sensitivities, textEncodings, timingPresets } from '../model.js';
import { columnName } from './tables.js';

const formatForm = `one of ${ciphertextFormats.join(', ')}, or a map of regex:`;

const format = z.union(
  [
    z.enum(ciphertextFormats),
    section(
      {
        regex: regex().describe(
          'Regular expression that matches a complete ciphertext, from the first character to the last. The groups (?<version>…), (?<nonce>…) and (?<ciphertext>…) are used if it has them; without the last one, the whole value must not be readable. A dot matches any character; in a bytea column each byte is one character.',
        ),
      },
      formatForm,
    ),
  ],
  { error: expected(formatForm) },
);

const column = section({
  table: tableName().describe('Table as schema.table.'),
  column: columnName().describe('Column that must hold only ciphertext.'),
  path: list(text(), 'keys')
    .min(1, { error: expected('at least one key') })
    .exactOptional()
    .describe('Keys of the path to the value inside a jsonb column, such as an audit image; outermost first.'),
  primaryKey: columnName().prefault('id').describe('Column that orders the reading of the table. Default id.'),
  format: format.describe('What a ciphertext looks like here.'),
  encoding: oneOf(textEncodings)
    .exactOptional()
    .describe('How a column of text writes bytes, for aws-esdk and pgp. Default base64, or ASCII armour.'),
  plaintextBytes: section({
    min: count(0, 1_000_000_000).prefault(0).describe('Minimum length of a plaintext in bytes. Default 0.'),
    max: count(0, 1_000_000_000)
      .prefault(1_000_000_000)
      .describe('Maximum length of a plaintext in bytes. Default: no limit.'),
  })
    .exactOptional()
    .describe(
      'Length of the plaintexts in bytes of UTF-8. A ciphertext that is too short was cut off; one that is too long was encrypted twice. For formats that do not contain a length: kingston-jsonb, transit, fernet, ciphersweet.',
    ),
  deterministic: flag()
    .exactOptional()
    .describe(
      'Whether equal plaintexts have equal ciphertexts on purpose, so that no alert fires for equal ciphertexts. Default: true with path:, because an audit image repeats ciphertexts; otherwise false.',
    ),
  key: name().exactOptional().describe('Key of keys: whose versions are expected.'),
  sensitivity: oneOf(sensitivities)
    .exactOptional()
    .describe('Sensitivity of the data. Default: that of its key, otherwise confidential.'),
});

export const scan = section({
  database: database().describe('Database of the columns. The role needs only permission to read.'),
  replica: database()
    .exactOptional()
    .describe(
      'A physical standby from which the columns are read; it must prove that it is one. Default: the database itself.',
    ),
  interval: interval().prefault('6h').describe('Time between the starts of two scans. Default 6h.'),
  rowsPerSecond: count(1, 10_000_000).prefault(5000).describe('Maximum number of rows read per second. Default 5000.'),
  batchRows: count(1, 100_000).prefault(2000).describe('Rows read with one query. Default 2000.'),
  stateDirectory: text()
    .exactOptional()
    .describe(
      "Folder that keeps the progress over a restart. It holds counts, never values. --state-directory and its environment variables take precedence. Default: the exporter's state directory.",
    ),
  columns: list(column, 'columns')
    .min(1, { error: expected('at least one column') })
    .describe('Columns to read, including copies in audit tables and archives.'),
});

export const timing = section({
  preset: oneOf(timingPresets).describe("Kind of table, one of the portal's documented ones."),
  table: tableName()
    .exactOptional()
    .describe('Table as schema.table. Default: the name of the preset in schema public.'),
  database: database().describe('Database of the table. The role needs only permission to read.'),
});

export type ParsedScan = z.output<typeof scan>;
export type ParsedColumn = z.output<typeof column>;
