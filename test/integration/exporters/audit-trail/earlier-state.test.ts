import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { earlierState } from '../../../../exporters/audit-trail/earlier-state.js';

function placed(...files: readonly string[]) {
  const root = mkdtempSync(join(tmpdir(), "kop earlier's-"));
  onTestFinished(() => rmSync(root, { recursive: true, force: true }));
  for (const file of ['state/audit-trail/lock', 'work/x', ...files]) {
    mkdirSync(dirname(join(root, file)), { recursive: true });
    writeFileSync(join(root, file), file);
  }
  const stateDirectory = join(root, 'state');
  return { root, folder: join(stateDirectory, 'audit-trail'), stateDirectory, cwd: join(root, 'work') };
}

test.each([
  ['below the working directory', 'work/.kop/audit-trail'],
  ['in the state directory itself', 'state'],
])('state of before %s is found, with a command that brings it where it is read', async (_, where) => {
  const places = placed(
    `${where}/ledger.observer.json`,
    `${where}/ledger.declarations.json`,
    `${where}/ledger2.observer.json`,
  );
  const earlier = await earlierState('ledger', places);
  expect(earlier).toMatchObject({
    found: join(places.root, where),
    unused: ['ledger.observer.json', 'ledger.declarations.json'],
  });
  execFileSync('sh', ['-c', earlier?.command ?? 'false']);
  expect(readdirSync(places.folder).sort()).toEqual(['ledger.declarations.json', 'ledger.observer.json', 'lock']);
  expect(readFileSync(join(places.folder, 'ledger.observer.json'), 'utf8')).toBe(`${where}/ledger.observer.json`);
  expect(await earlierState('ledger', places)).toBeUndefined();
});

test('nothing is said of a trail that was never watched, nor of one whose state is where it is read', async () => {
  expect(await earlierState('ledger', placed('state/ledger2.observer.json'))).toBeUndefined();
  const files = ['state/audit-trail/ledger.observer.json', 'work/.kop/audit-trail/ledger.observer.json'];
  expect(await earlierState('ledger', placed(...files))).toBeUndefined();
});
