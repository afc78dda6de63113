/** What docs/controls.md shows can be copied: its files load, its commands run, its views are those that queries read. */
import { copyFileSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { loadCatalogue } from '../../../pack/compliance/catalogue.js';
import { shippedCatalogues } from '../../../pack/compliance/documents.js';
import { loadPack, shippedPackPath } from '../../../pack/index.js';
import { type Ended, kopHere } from '../../support/cli.js';
import { boardFolder } from '../../support/compliance/folder.js';

const page = readFileSync('docs/controls.md', 'utf8');
const blocks = (language: string) =>
  [...page.matchAll(new RegExp(`^\`\`\`${language}\\n(.*?)^\`\`\``, 'gms'))].map(([, text = '']) => text);
const [mine = '', firm = '', others = ''] = blocks('yaml');

function folderWith(files: Readonly<Record<string, string>>): string {
  const folder = boardFolder(files);
  copyFileSync(shippedPackPath(), join(folder, 'pack.yaml'));
  return folder;
}

/** The lines of a block, as somebody types them in the folder; in this process, which is cheaper than five of their own. */
async function type(folder: string, block: string): Promise<Ended[]> {
  const ended: Ended[] = [];
  for (const [, line = ''] of block.matchAll(/^npx kop (.+)$/gm)) {
    ended.push(await kopHere(...line.split(' ').map((arg) => (arg.endsWith('.yaml') ? join(folder, arg) : arg))));
  }
  return ended;
}

test('the commands of the page run, on the files of the page', async () => {
  const folder = folderWith({ 'mine.yaml': mine, 'firm.yaml': firm });
  const [edit = '', board = ''] = blocks('sh');
  const commands = [...(await type(folder, edit)), ...(await type(folder, board))];
  expect(commands.map(({ code, stderr }) => ({ code, stderr }))).toEqual(Array(5).fill({ code: 0, stderr: '' }));
  const [tested, explained, listed, , named] = commands.map(({ stdout }) => stdout);
  expect(tested).toBe('5 of 5 known answers of 1 control right.\n');
  expect(explained).toContain('Open complaints that nobody works on: it is more than 3, and has been so for 1 hour.');
  expect(listed).toContain('OWN-07,Every open complaint has somebody who works on it,financial_regulations,');
  expect(named).toMatch(/OWN-07 +high +compliance +sql, attestation/);
  expect(named).toContain('FIN-01');
});

test('a limit that is changed breaks a known answer, at its line', async () => {
  const folder = boardFolder({ 'mine.yaml': mine.replace('limit: 3', 'limit: 4') });
  const line = mine.split('\n').findIndex((text) => text.includes('unassigned: 4')) + 1;
  const [ended] = await type(folder, 'npx kop controls test --catalogue mine.yaml');
  expect(ended).toMatchObject({
    code: 1,
    stdout: expect.stringContaining(`OWN-07, test 4  ${folder}/mine.yaml:${line}\n`),
  });
});

test('the other shipped catalogues can be named on the shipped board, as the page says', () => {
  const folder = boardFolder({ 'others.yaml': others });
  const [board] = loadPack([shippedPackPath(), join(folder, 'others.yaml')], { requireSecrets: false }).compliance;
  expect(board?.catalogues.map(({ name }) => name)).toEqual(['uk-wealth', 'soc2', 'us-adviser']);
  writeFileSync(join(folder, 'without.yaml'), 'compliance: { kingston: { catalogues: [us-adviser] } }\n');
  expect(() => loadPack([shippedPackPath(), join(folder, 'without.yaml')], { requireSecrets: false })).toThrow(
    /unknown obligation 'consumer-requests'/,
  );
});

test('the page lists every shipped control, and every reference under what is known of it', () => {
  for (const name of shippedCatalogues()) {
    for (const { id, references } of loadCatalogue(name)?.controls ?? []) {
      const row = page.split('\n').find((line) => line.startsWith(`| \`${id}\` |`));
      const [, , , , , verified = '', unconfirmed = ''] = row?.split(/(?<!\\)\|/) ?? [];
      for (const { framework, ref, confidence } of references)
        expect([id, confidence === 'verified' ? verified : unconfirmed]).toEqual([
          id,
          expect.stringContaining(`${framework} ${ref}`),
        ]);
    }
  }
});
