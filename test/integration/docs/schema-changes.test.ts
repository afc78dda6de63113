import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { packageRoot } from '../../../pack/index.js';
import { schemaChanges } from '../exporters/audit-trail/observer/schema-changes.js';

test('the page lists these forms', async () => {
  const page = await readFile(join(packageRoot(), 'docs', 'audit-trail.md'), 'utf8');
  const lines = schemaChanges.map(
    ({ form, state, remark, from }) =>
      `| ${form}${from === undefined ? '' : ` (from PostgreSQL ${from} on)`} | ${state === undefined ? 'quiet, or explained' : 'the table is gone from the scope'}${remark === undefined ? '' : `; ${remark}`} |`,
  );
  expect(page).toContain(lines.join('\n'));
});
