import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { kopHere } from '../support/cli.js';

/** What people copy must be right: each complete description passes the command that they will run. */
const folder = 'docs/examples';

test.each(readdirSync(folder))('%s passes kop check', async (name) => {
  const base = name.startsWith('on-top-of') ? ['pack.yaml'] : [];
  const { stdout } = await kopHere('check', '--skip-secrets', '--json', ...base, join(folder, name));
  const { valid, removed } = JSON.parse(stdout);
  expect(valid).toBe(true);
  expect(removed).toEqual(
    base.length === 0 ? [] : ['workflows.home-dashboard', 'workflows.bulk-read', 'auditTrails.kingston'],
  );
});
