import { appendFileSync, mkdtempSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { settledText } from '../../../../../exporters/compliance/reading/settled-text.js';

const folder = mkdtempSync(join(tmpdir(), 'kop-settled-'));
afterAll(() => rmSync(folder, { recursive: true }));
const path = join(folder, 'register.csv');
const signal = () => AbortSignal.timeout(10_000);

test('gives the text without a byte order mark, and when it was last changed', async () => {
  writeFileSync(path, '\uFEFFstarted_at\n');
  const found = await settledText(path, signal());
  expect(found).toEqual({ text: 'started_at\n', changedAt: expect.any(Date) });
});

test('refuses a file that another program writes meanwhile', async () => {
  writeFileSync(path, Buffer.alloc(8 * 1024 * 1024, 'x'));
  const writing = setInterval(() => appendFileSync(path, 'x'), 0);
  try {
    await expect
      .poll(() => settledText(path, signal()))
      .toEqual({ unreadable: `${path}: the file changes while it is read` });
  } finally {
    clearInterval(writing);
  }
});

test('refuses what is too large without reading it, and what is no file', async () => {
  writeFileSync(path, '');
  expect(await settledText(path, signal())).toEqual({ unreadable: `${path}: the file is empty` });
  truncateSync(path, 64 * 1024 * 1024 + 1);
  expect(await settledText(path, signal())).toEqual({ unreadable: `${path}: larger than 64 MB` });
  expect(await settledText(folder, signal())).toEqual({ unreadable: `${folder}: not a file` });
});

test('throws only when it is stopped', async () => {
  writeFileSync(path, 'x');
  await expect(settledText(path, AbortSignal.abort())).rejects.toThrow(/abort/i);
});
