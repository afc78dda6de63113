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
  const har = ['test/fixtures/workflow/har/chrome.har', '--config.file', 'test/fixtures/workflow/har/pack.yaml'];
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

test.each([
  ['a private key', '-----BEGIN PRIVATE KEY-----\nletmein\n-----END PRIVATE KEY-----\n', 'holds a private key'],
  ['a file of something else', 'letmein\n', 'this is no verifier key; expected name+keyid+base64'],
])('kop audit check-proof repeats nothing of %s', async (_, text, message) => {
  const key = fileOf('seal-key.pem', text);
  const { code, stderr } = await kopHere('audit', 'check-proof', 'proof.json', '--key', key);
  expect({ code, stderr }).toEqual({ code: 2, stderr: expect.stringContaining(message) });
  expect(stderr).not.toContain('letmein');
});
