import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import { formatProblem, InvalidPack, loadPack } from '../../../../pack/index.js';
import { SecretText, SecretUnavailable } from '../../../../pack/secrets/secret.js';

const folder = mkdtempSync(join(tmpdir(), 'kop-special-'));
afterAll(() => rmSync(folder, { recursive: true }));

const minimal = 'test/fixtures/pack/minimal.yaml';

function messagesOf(paths: readonly string[]): string[] {
  try {
    loadPack(paths, { requireSecrets: false });
    return [];
  } catch (error) {
    if (!(error instanceof InvalidPack)) throw error;
    return error.problems.map((problem) => formatProblem(problem));
  }
}

describe('a description', () => {
  test.skipIf(process.platform === 'win32')('a pipe without a writer, and a device', () => {
    const pipe = join(folder, 'pipe.yaml');
    execFileSync('mkfifo', [pipe]);
    // Nothing is written, so nothing is described: what matters is that it ends.
    expect(messagesOf([minimal, pipe])).toEqual([]);
    expect(messagesOf(['/dev/zero'])).toEqual(['/dev/zero: the file is a device; expected a regular file']);
  });
});

describe('a secret file', () => {
  const reveal = (path: string) => () => new SecretText([{ kind: 'file', path }]).reveal();

  test.skipIf(process.platform === 'win32')(
    'that is a pipe, a device, a folder, huge or empty is refused at once',
    () => {
      const [pipe, huge, empty] = ['secret.pipe', 'huge', 'empty'].map((name) => join(folder, name)) as [
        string,
        string,
        string,
      ];
      execFileSync('mkfifo', [pipe]);
      writeFileSync(huge, Buffer.alloc(300 * 1024, 'x'));
      writeFileSync(empty, '\n');
      expect(reveal(pipe)).toThrow(new SecretUnavailable(`secret file ${pipe} is a pipe; expected a regular file`));
      expect(reveal('/dev/zero')).toThrow('secret file /dev/zero is a device; expected a regular file');
      expect(reveal(folder)).toThrow(`secret file ${folder} is a folder; expected a file`);
      expect(reveal(huge)).toThrow(`secret file ${huge} is larger than 256 KiB; expected a file of at most 256 KiB`);
      expect(reveal(empty)).toThrow(`secret file ${empty} is empty; write the secret into it`);
    },
  );
});
