import { z } from 'zod';
import { tableName } from '../../postgres/schema/texts.js';
import { expected, section, text } from '../../reading/schema/say.js';

/** A column name of PostgreSQL. It is always quoted when used, so only text that cannot be a name is refused. */
export function columnName() {
  const error = expected('a column name, such as ni_number');
  return z.string({ error }).regex(/^[^\s".]{1,63}$/, { error });
}

export const keyTable = section({
  name: tableName().describe('Table as schema.table, in the database of scan:.'),
  key: columnName().prefault('field_path').describe('Column that names the key. Default field_path.'),
  means: text().exactOptional().describe("Value of that column for this key. Default: the key's name."),
  version: columnName().prefault('new_key_version').describe('Column of the version. Default new_key_version.'),
  rotatedAt: columnName().prefault('rotation_date').describe('Column of the time. Default rotation_date.'),
  status: columnName()
    .exactOptional()
    .describe('Column that says completed, in_progress or failed. Default: every row is a completed rotation.'),
});
