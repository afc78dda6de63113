import { chmod, lstat, mkdir, mkdtemp, readdir, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { sharedCopy } from '../../../demo/postgres/binary-cache.js';
import { ensureLibraryLinks } from '../../../demo/postgres/symlinks.js';

const LINKS = [
  { source: 'native/lib/libx.so.1', target: 'native/lib/libx.so' },
  { source: '../../etc/passwd', target: 'native/lib/evil' },
];

// Everything happens below a folder of the test's own, which stands in for the machine's temp folder.
describe('server binaries', () => {
  const systemTemp = process.env.TMPDIR;
  let root: string;
  let native: string;

  beforeEach(async () => {
    root = await mkdtemp(join(tmpdir(), 'kop-test-'));
    native = join(root, 'package', 'native');
    await mkdir(join(native, 'lib'), { recursive: true });
    await mkdir(join(root, 'tmp'));
    await writeFile(join(native, 'lib', 'libx.so.1'), 'library', { mode: 0o600 });
    await writeFile(join(native, 'run'), 'program', { mode: 0o700 });
    await writeFile(join(native, 'pg-symlinks.json'), JSON.stringify(LINKS));
    process.env.TMPDIR = join(root, 'tmp');
  });

  afterEach(async () => {
    if (systemTemp === undefined) {
      delete process.env.TMPDIR;
    } else {
      process.env.TMPDIR = systemTemp;
    }
    await rm(root, { recursive: true, force: true });
  });

  it('get the links their install script did not make, and none that lead outside', async () => {
    expect(await ensureLibraryLinks(native)).toBe(true);
    expect(await ensureLibraryLinks(native)).toBe(true);
    expect(await readFile(join(native, 'lib', 'libx.so'), 'utf8')).toBe('library');
    expect(await readdir(join(native, 'lib'))).not.toContain('evil');
  });

  it('are copied once by many at a time, readable for all, writable for one', async () => {
    const copies = await Promise.all(Array.from({ length: 6 }, () => sharedCopy(native, 'kop-cache')));
    expect(new Set(copies).size).toBe(1);
    expect(await readdir(join(root, 'tmp'))).toHaveLength(1);
    const copy = copies[0] ?? '';
    expect(((await lstat(copy)).mode & 0o777).toString(8)).toBe('755');
    expect(((await lstat(join(copy, 'run'))).mode & 0o777).toString(8)).toBe('755');
    expect(((await lstat(join(copy, 'lib', 'libx.so.1'))).mode & 0o777).toString(8)).toBe('644');
    expect(await readFile(join(copy, 'lib', 'libx.so'), 'utf8')).toBe('library');
  });

  it('are copied anew when a temp cleaner has been at them', async () => {
    const copy = await sharedCopy(native, 'kop-cache');
    await rm(join(copy, 'run'));
    expect(await sharedCopy(native, 'kop-cache')).toBe(copy);
    expect(await readFile(join(copy, 'run'), 'utf8')).toBe('program');
    expect(await readdir(join(root, 'tmp'))).toHaveLength(1);
  });

  it.each(['a link', 'a folder others can write'])('are never taken from %s', async (what) => {
    const path = (await sharedCopy(native, 'kop-cache')) ?? '';
    if (what === 'a link') {
      await rm(path, { recursive: true });
      await symlink(native, path);
    } else {
      await chmod(path, 0o777);
    }
    await expect(sharedCopy(native, 'kop-cache')).rejects.toThrow(/cannot be trusted.*Remove it/);
  });
});
