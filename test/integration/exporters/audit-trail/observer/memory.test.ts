import { chmodSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { MemoryDirectory, memoryFile } from '../../../../../exporters/audit-trail/observer/memory.js';
import { silentLogger } from '../../../../../exporters/runtime/log.js';
import { looseFolder } from '../../../../../exporters/runtime/state/index.js';
import { withoutFileDescriptors } from '../../../../support/file-descriptors.js';

function kept() {
  const folder = mkdtempSync(join(tmpdir(), 'kop-memory-'));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  chmodSync(folder, 0o700);
  return {
    folder,
    path: join(folder, memoryFile('main')),
    store: new MemoryDirectory(looseFolder(folder), silentLogger),
  };
}

test.skipIf(process.platform !== 'linux')(
  'what was proven is not forgotten because no file descriptors are left for a moment',
  async () => {
    const { store, path } = kept();
    const memory = await store.load('main');
    await store.save(memory);
    const before = readFileSync(path, 'utf8');
    const giveBack = await withoutFileDescriptors();
    const failed = await store.load('main').catch((error: unknown) => error);
    await giveBack();
    expect(failed).toMatchObject({
      message: `${path} cannot be read: this process has no file descriptor left (EMFILE)`,
    });
    expect(readFileSync(path, 'utf8')).toBe(before);
  },
);

test('what cannot be read at all is put aside before anything takes its place, and not by who only looks', async () => {
  const { store, folder, path } = kept();
  mkdirSync(path);
  writeFileSync(join(path, 'proof'), '');
  const memory = await store.load('main');
  expect(readdirSync(folder)).toEqual([memoryFile('main')]);
  await store.save(memory);
  expect(readdirSync(folder).sort()).toEqual([memoryFile('main'), `${memoryFile('main')}.unreadable`]);
  expect(readdirSync(`${path}.unreadable`)).toEqual(['proof']);
});
