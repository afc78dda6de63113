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
          'Regular expression of a whole ciphertext, from its first character to its last; groups (?<version>…), (?<nonce>…) and (?<ciphertext>…) are used where it has them. A dot stands for any character; in a bytea column each byte is one.',
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
  encoding: oneOf(textEncodings)
    .exactOptional()
    .describe('How a column of text writes bytes, for aws-esdk and pgp. Default base64, or ASCII armour.'),
  plaintextBytes: section({
    min: count(0, 1_000_000_000).prefault(0).describe('Least bytes of a plaintext. Default 0.'),
    max: count(0, 1_000_000_000).prefault(1_000_000_000).describe('Most bytes of a plaintext. Default: no limit.'),
  })
    .exactOptional()
    .describe(
      'How long the plaintexts are, in bytes of UTF-8. A shorter ciphertext was cut off, a longer one was encrypted twice. For forms that hold no length themselves: kingston-jsonb, transit, fernet, ciphersweet.',
    ),
  deterministic: flag()
    .exactOptional()
    .describe(
      'Whether equal plaintexts have equal ciphertexts on purpose, so that none is alerted on. Default: true with path:, since an audit image repeats ciphertexts; else false.',
    ),
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
      "Folder in which progress survives a restart. It holds counts, never values. --state-directory and the variables for it go before this. Default: the exporter's state directory.",
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
