import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { installCommand } from '../../../cli/audit/install.js';

let printed: string;
let complained: string;

beforeEach(() => {
  printed = '';
  complained = '';
  vi.spyOn(process.stdout, 'write').mockImplementation((text) => {
    printed += String(text);
    return true;
  });
});
afterEach(() => vi.restoreAllMocks());

async function run(...args: string[]): Promise<string> {
  await installCommand()
    .exitOverride()
    .configureOutput({
      writeErr: (text) => {
        complained += text;
      },
    })
    .parseAsync(args, { from: 'user' });
  return printed;
}

test('prints the installation for the scope of the only trail, and needs no secret for it', async () => {
  const sql = await run();
  expect(sql).toContain(`('include', 'public.*', null)`);
  expect(sql.trim().split('\n').at(-1)).toBe('commit;');
});

test('tables named here win over the scope', async () => {
  const sql = await run('--tables', 'public.client_*', 'crm.cases', '--baseline');
  expect(sql).toContain(`('include', 'public.client_*', null),\n  ('include', 'crm.cases', null);`);
  expect(sql).toContain('values (3, false)');
  expect(sql).toContain('set baseline = true where version = 3');
});

test('records only changed columns where the rows are recorded first', async () => {
  await expect(run('--tables', 'public.*', '--changed-columns')).rejects.toThrow();
  expect(complained).toContain('--changed-columns needs --baseline');
  expect(printed).toBe('');
  expect(await run('--tables', 'public.*', '--changed-columns', '--baseline')).toContain("operation := 'CHANGE'");
});

test('takes the scope of a trail that is named, exclusions included', async () => {
  vi.stubEnv('KOP_TEST_SECRET', 's3cret');
  const sql = await run(
    '--trail',
    'main',
    '--config.file',
    'test/fixtures/pack/minimal.yaml',
    '--config.file',
    'test/fixtures/audit-trail/pack/complete-audit.yaml',
  );
  expect(sql).toContain(`('exclude', 'public.client_cache', 'rebuilt every night')`);
  expect(sql).not.toContain('s3cret');
});

test.each([
  ['upgrade', 'Upgrades an installation'],
  ['uninstall', 'Uninstalls'],
])('prints the %s', async (what, heading) => {
  expect(await run('--print', what)).toContain(heading);
});

test.each([
  [['--trail', 'other'], "there is no trail 'other'; the description has kingston"],
  [['--config.file', 'test/fixtures/pack/minimal.yaml'], 'the description has none'],
  [['--config.file', 'absent.yaml'], 'no such file'],
  [['--tables', 'clients'], 'Expected a table as schema.table'],
  [['--partition', 'weekly'], 'monthly'],
])('%j cannot be used, and the message says why', async (args, message) => {
  await expect(run(...args)).rejects.toThrow();
  expect(complained).toContain(message);
  expect(printed).toBe('');
});
