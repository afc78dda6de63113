import {
  chmodSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { readFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, onTestFinished, test, vi } from 'vitest';
import { createLogger, Redactor } from '../../../../../exporters/runtime/log.js';
import { CannotKeepState, StateKeeper, StateTaken } from '../../../../../exporters/runtime/state/index.js';
import { describeProcess } from '../../../../../exporters/runtime/state/lock.js';
import { withoutFileDescriptors } from '../../../../support/file-descriptors.js';
import { canMount, mounted } from '../../../../support/mounted.js';

function folder(): string {
  const path = mkdtempSync(join(tmpdir(), 'kop-keeper-'));
  onTestFinished(() => rmSync(path, { recursive: true, force: true }));
  return path;
}

function keeperIn(directory: string, checkEveryMs?: number) {
  const lines: string[] = [];
  const log = createLogger({
    level: 'info',
    format: 'logfmt',
    redactor: new Redactor(),
    write: (line) => lines.push(line),
  });
  const keeper = new StateKeeper({ directory, from: 'KOP_STATE_DIRECTORY' }, log, checkEveryMs);
  onTestFinished(() => keeper.close());
  return { keeper, lines };
}

describe('a state directory that can be written', () => {
  test('is made for this user alone, and keeps whole files', async () => {
    const directory = join(folder(), 'new', 'state');
    const { keeper } = keeperIn(directory);
    const own = keeper.folder('audit-trail');
    await own.use();
    await own.save('a.json', '{"a":1}');
    expect(readFileSync(join(directory, 'audit-trail', 'a.json'), 'utf8')).toBe('{"a":1}');
    expect(statSync(own.path).mode & 0o777).toBe(0o700);
    expect(statSync(join(own.path, 'a.json')).mode & 0o777).toBe(0o600);
    expect(keeper.states()).toEqual([{ exporter: 'audit-trail', directory: own.path, problem: undefined }]);
    expect(readdirSync(own.path).filter((name) => name.endsWith('.new'))).toEqual([]);
  });

  test('is left alone while nobody has anything to keep', () => {
    const directory = join(folder(), 'state');
    const { keeper } = keeperIn(directory);
    keeper.folder('audit-trail');
    expect(keeper.states()).toEqual([]);
    expect(() => statSync(directory)).toThrow();
  });
});

describe('a state directory of another exporter', () => {
  test('is refused, with its process and what to do, and free again when that one ends', async () => {
    const directory = folder();
    const { keeper: first } = keeperIn(directory);
    await first.folder('audit-trail').use();
    const { keeper: second } = keeperIn(directory);
    await expect(second.folder('audit-trail').use()).rejects.toThrow(StateTaken);
    await expect(second.folder('audit-trail').use()).rejects.toThrow(`another exporter (process ${process.pid} on `);
    await expect(second.folder('audit-trail').save('a', 'b')).rejects.toThrow(CannotKeepState);
    // Another exporter's part of it is another matter.
    await second.folder('encryption').use();
    await first.close();
    await second.folder('audit-trail').use();
    expect(second.states().every(({ problem }) => problem === undefined)).toBe(true);
  });

  test('is free after a kill, and after a container elsewhere gave no sign of life for a while', async () => {
    const directory = folder();
    const { keeper } = keeperIn(directory);
    const own = keeper.folder('audit-trail');
    await own.use();
    await keeper.close();
    const lock = join(own.path, 'lock');
    const dead = { pid: 1, started: 'never', boot: 'another', host: 'container-1', nonce: 'x' };
    writeFileSync(lock, JSON.stringify(dead));
    const { keeper: next } = keeperIn(directory);
    await expect(next.folder('audit-trail').use()).rejects.toThrow('process 1 on container-1');
    const longAgo = new Date(Date.now() - 10 * 60_000);
    utimesSync(lock, longAgo, longAgo);
    await next.folder('audit-trail').use();
    expect(next.states()[0]?.problem).toBeUndefined();
  });
});

describe('a lock that cannot be read', () => {
  const NOBODY = 65_534;
  const asNobody = () => {
    process.seteuid?.(NOBODY);
    return () => process.seteuid?.(0);
  };
  const cases: [what: string, make: (lock: string) => void, become: () => () => void][] = [
    ['leads nowhere', (lock) => symlinkSync(lock, lock), () => () => {}],
    ['is a folder', (lock) => mkdirSync(lock), () => () => {}],
    ...(process.getuid?.() === 0
      ? [
          [
            'is of another user',
            (lock: string) => writeFileSync(lock, '{"pid":1}', { mode: 0o600 }),
            asNobody,
          ] satisfies (typeof cases)[number],
        ]
      : []),
  ];

  test.each(cases)('and %s is not taken away', async (_, make, become) => {
    const directory = folder();
    chmodSync(directory, 0o777);
    const path = join(directory, 'audit-trail');
    mkdirSync(path);
    chmodSync(path, 0o777);
    const lock = join(path, 'lock');
    make(lock);
    const before = lstatSync(lock).ino;
    const { keeper } = keeperIn(directory);
    const own = keeper.folder('audit-trail');
    const comeBack = become();
    try {
      await expect(own.use()).rejects.toThrow(StateTaken);
      await expect(own.save('a', 'b')).rejects.toThrow(`the lock ${lock} cannot be read (E`);
    } finally {
      comeBack();
    }
    expect(lstatSync(lock).ino).toBe(before);
    expect(readdirSync(path)).toEqual(['lock']);
  });

  test.skipIf(process.platform !== 'linux')(
    'because no file descriptors are left is still ours, and good again afterwards',
    async () => {
      const directory = folder();
      const { keeper } = keeperIn(directory);
      const own = keeper.folder('audit-trail');
      await own.use();
      const giveBack = await withoutFileDescriptors();
      const refused = await own.save('a.json', '{}').catch(String);
      const problem = keeper.states()[0]?.problem;
      await giveBack();
      expect(refused).toContain('this process has no file descriptor left (EMFILE)');
      expect(problem).toContain('(EMFILE)');
      await own.save('a.json', '{}');
      expect(keeper.states()[0]?.problem).toBeUndefined();
      // Nobody else got it meanwhile.
      await expect(keeperIn(directory).keeper.folder('audit-trail').use()).rejects.toThrow(StateTaken);
    },
  );

  test.each(['', '{', '{"pid":"x"}'])('because it is none (%j) is set aside', async (text) => {
    const directory = folder();
    mkdirSync(join(directory, 'audit-trail'));
    writeFileSync(join(directory, 'audit-trail', 'lock'), text);
    const { keeper } = keeperIn(directory);
    await keeper.folder('audit-trail').use();
    expect(keeper.states()[0]?.problem).toBeUndefined();
  });

  test('and that this process left over, where it could not be removed, is taken again', async () => {
    const directory = folder();
    mkdirSync(join(directory, 'audit-trail'));
    const leftOver = { ...(await describeProcess(process.pid)), nonce: 'of before' };
    writeFileSync(join(directory, 'audit-trail', 'lock'), JSON.stringify(leftOver));
    const { keeper } = keeperIn(directory);
    await keeper.folder('audit-trail').use();
    expect(keeper.states()[0]?.problem).toBeUndefined();
  });
});

describe('a state directory that cannot be written', () => {
  test('shows the newest reason', async () => {
    const { keeper } = keeperIn(folder());
    const own = keeper.folder('audit-trail');
    await own.use();
    const fail = (what: string, path: string) => own.attempt(what, () => readFile(path)).catch(() => undefined);
    await fail('one', join(own.path, 'absent'));
    await fail('two', own.path);
    expect(own.problem).toContain('EISDIR');
    await fail('one', join(own.path, 'absent'));
    expect(own.problem).toContain('ENOENT');
  });

  test('is no reason to refuse; it is said once, with its path, its source and what to do, and once when it is over', async () => {
    const file = join(folder(), 'file');
    writeFileSync(file, '');
    const { keeper, lines } = keeperIn(join(file, 'state'), 20);
    const own = keeper.folder('audit-trail');
    await own.use();
    const problem =
      `the state cannot be kept in ${own.path} (from KOP_STATE_DIRECTORY): a part of the path is a file (ENOTDIR); ` +
      'name another with --state-directory or KOP_STATE_DIRECTORY';
    expect(keeper.states()).toEqual([{ exporter: 'audit-trail', directory: own.path, problem }]);
    await expect(own.save('a.json', '{}')).rejects.toThrow(problem);
    await keeper.check();
    await keeper.check();
    expect(lines.filter((line) => line.includes('after a restart it is lost'))).toHaveLength(1);
    rmSync(file);
    await own.save('a.json', '{}');
    await vi.waitFor(() => expect(keeper.states()[0]?.problem).toBeUndefined());
    expect(lines.filter((line) => line.includes('can be kept again'))).toHaveLength(1);
  });

  test('shows when it was removed while the exporter ran, and is made again', async () => {
    const directory = folder();
    const { keeper } = keeperIn(directory);
    const own = keeper.folder('audit-trail');
    await own.use();
    rmSync(directory, { recursive: true });
    await own.save('a.json', '{}');
    expect(readdirSync(own.path).sort()).toEqual(['a.json', 'lock']);
  });

  test.skipIf(!canMount)('is seen when the file system is read-only, and when its disk is full', async () => {
    const disk = mounted('size=64k');
    const { keeper } = keeperIn(disk.path, 20);
    const own = keeper.folder('audit-trail');
    await own.use();
    expect(keeper.states()[0]?.problem).toBeUndefined();
    await disk.remount('ro');
    await vi.waitFor(() => expect(keeper.states()[0]?.problem).toContain('the file system is read-only (EROFS)'), {
      timeout: 10_000,
    });
    await disk.remount('rw');
    await vi.waitFor(() => expect(keeper.states()[0]?.problem).toBeUndefined(), { timeout: 10_000 });
    expect(() => writeFileSync(join(disk.path, 'filler'), Buffer.alloc(128 * 1024))).toThrow();
    await vi.waitFor(() => expect(keeper.states()[0]?.problem).toContain('its disk is full (ENOSPC)'), {
      timeout: 10_000,
    });
    rmSync(join(disk.path, 'filler'));
    await vi.waitFor(() => expect(keeper.states()[0]?.problem).toBeUndefined(), { timeout: 10_000 });
  });
});
