import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { fileOf } from '../../support/workflow/certificates.js';

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
