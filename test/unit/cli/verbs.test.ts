import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { kopHere } from '../../support/cli.js';
import { fileOf } from '../../support/workflow/certificates.js';

const stack = /\n\s+at /;

describe('each verb says what there is, and what is wrong with how it was called', () => {
  test.each([
    [],
    ['check'],
    ['build'],
    ['workflow', 'run'],
    ['workflow', 'import'],
    ['audit', 'status'],
    ['healthcheck'],
  ])('kop %s %s', async (...verb) => {
    const help = await kopHere(...verb, '--help');
    expect(help).toMatchObject({ code: 0, stdout: expect.stringMatching(/^Usage: /), stderr: '' });
    const wrong = await kopHere(...verb, '--nonsense');
    expect(wrong).toMatchObject({ code: 2, stdout: '', stderr: expect.stringContaining('--help') });
    expect(wrong.stderr).not.toMatch(stack);
  });
});

describe('where nothing can be written, the message says where, why and what to do', () => {
  // Below a file nobody may write, whoever runs the test.
  const out = `${fileOf('file', '')}/below`;
  const har = ['test/fixtures/har/chrome.har', '--config.file', 'test/fixtures/har/pack.yaml'];
  test.each([
    ['build', ['build', '--config.file', 'test/fixtures/pack/minimal.yaml']],
    ['workflow import', ['workflow', 'import', ...har]],
    ['audit keygen', ['audit', 'keygen', '--origin', 'kingston.example/audit']],
  ])('kop %s', async (_, args) => {
    const { code, stdout, stderr } = await kopHere(...args, '--out', out);
    expect({ code, stdout }).toEqual({ code: 2, stdout: '' });
    expect(stderr).toMatch(
      /^kop: .*below\S* cannot be written: a part of the path is a file \(ENOTDIR\); choose .* --out\n$/,
    );
  });
});

test('kop build --check in another folder says that it looks in the wrong place', async () => {
  const folder = fileOf('file', '').replace(/\/file$/, '');
  const { code, stdout } = await kopHere(
    'build',
    '--check',
    '--config.file',
    'test/fixtures/pack/minimal.yaml',
    '--out',
    folder,
  );
  expect(code).toBe(1);
  expect(stdout).toContain(`Nothing generated is in ${folder}. Say with --out where it is`);
});

/** All in one shell, because each process costs half a second. */
test('output that nobody takes ends with 2 and no stack; so does a working directory that is gone', () => {
  const folder = fileOf('file', '').replace(/\/file$/, '');
  const script = `"$0" "$1" check --skip-secrets "$2" > /dev/full; echo "$?"
    { "$0" "$1" check --skip-secrets "$2"; echo "$?" >&2; } | true
    cd "$3" && rm -r "$3" && "$0" "$1" check "$2"; echo "$?"`;
  const pack = join(process.cwd(), 'test/fixtures/pack/minimal.yaml');
  const { stdout, stderr } = spawnSync(
    'bash',
    ['-c', script, process.execPath, join(process.cwd(), 'dist/cli/kop.js'), pack, folder],
    {
      encoding: 'utf8',
    },
  );
  expect({ stdout, stderr }).toEqual({
    stdout: '2\n2\n',
    stderr: [
      'kop: the output cannot be written: its disk is full (ENOSPC)',
      '2',
      'kop: the working directory is not there any more; change to one that is',
      '',
    ].join('\n'),
  });
});

test.each([
  ['a private key', '-----BEGIN PRIVATE KEY-----\nletmein\n-----END PRIVATE KEY-----\n', 'holds a private key'],
  ['a file of something else', 'letmein\n', 'this is no verifier key; expected name+keyid+base64'],
])('kop audit check-proof repeats nothing of %s', async (_, text, message) => {
  const key = fileOf('seal-key.pem', text);
  const { code, stderr } = await kopHere('audit', 'check-proof', 'proof.json', '--key', key);
  expect({ code, stderr }).toEqual({ code: 2, stderr: expect.stringContaining(message) });
  expect(stderr).not.toContain('letmein');
});
