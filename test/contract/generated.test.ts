import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { alertFiles, generatedLine } from '../../alert-rules/src/index.js';
import { generatedFiles } from '../../cli/generated-files.js';
import { loadPack } from '../../pack/index.js';

const pack = loadPack(['pack.yaml'], { requireSecrets: false });
const { files, skipped } = await generatedFiles(pack, '.', { webhookUrl: 'http://127.0.0.1:9095' });

describe('generated files', () => {
  it.each(files.filter(({ isDerived }) => isDerived !== true).map(({ path, text }) => [path, text] as const))(
    '%s is up to date (kop build)',
    (path, text) => {
      expect(readFileSync(path, 'utf8') === text, `${path} differs; run kop build and commit the result`).toBe(true);
    },
  );

  it('are all made in the repository', () => {
    expect(skipped).toEqual([]);
  });

  it('are the same each time', async () => {
    expect((await generatedFiles(pack, '.', { webhookUrl: 'http://127.0.0.1:9095' })).files).toEqual(files);
  });

  it('say so in their first line, where the format has comments', () => {
    for (const { path, text } of files.filter((file) => /\.(yaml|md)$/.test(file.path))) {
      expect(text.split('\n')[0], path).toMatch(/Generated.*kop build/);
    }
    for (const { text } of alertFiles(pack)) expect(text.startsWith(`# ${generatedLine}\n`)).toBe(true);
  });
});
