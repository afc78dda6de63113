import { execFileSync, spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import { createLogger, Redactor } from '../../../../exporters/runtime/log.js';
import { readWebConfig } from '../../../../exporters/runtime/web/config.js';
import { WatchedWebConfig } from '../../../../exporters/runtime/web/watched-config.js';
import { formatProblem, InvalidPack, loadPack } from '../../../../pack/index.js';
import { readBounded } from '../../../../pack/reading/bounded-file.js';
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
    expect(messagesOf([minimal, pipe])).toEqual([
      `${pipe}: the file is a pipe into which nobody writes; expected a regular file`,
    ]);
    expect(messagesOf(['/dev/zero'])).toEqual(['/dev/zero: the file is a device; expected a regular file']);
  });
});

test.skipIf(process.platform === 'win32')('a pipe into which somebody writes is read to its end', () => {
  const text = readFileSync(minimal, 'utf8');
  const script = `(sleep 0.2; cat "$1") | cat > "$2"`;
  const pipe = join(folder, 'written.yaml');
  execFileSync('mkfifo', [pipe]);
  const writer = spawn('sh', ['-c', script, 'sh', minimal, pipe], { stdio: 'ignore' });
  expect(readBounded(pipe, 1_000_000, { pipes: true }).bytes.toString()).toBe(text);
  writer.kill();
});

test.skipIf(process.platform === 'win32')(
  'a web configuration that became a pipe leaves the passwords in force',
  () => {
    const file = join(folder, 'web.yml');
    writeFileSync(file, `basic_auth_users: { p: $2b$10$${'a'.repeat(53)} }\n`);
    const lines: string[] = [];
    const write = (line: string) => void lines.push(line);
    const watched = new WatchedWebConfig(
      file,
      createLogger({ level: 'info', format: 'logfmt', redactor: new Redactor(), write }),
    );
    rmSync(file);
    execFileSync('mkfifo', [file]);
    expect([...watched.current().users.keys()]).toEqual(['p']);
    expect(lines.join()).toContain('is a pipe');
    expect(() => readWebConfig(file)).toThrow('is a pipe');
  },
);

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
