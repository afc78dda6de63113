import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import { type Auth, loadPack } from '../../pack/index.js';

const folder = mkdtempSync(join(tmpdir(), 'kop-docs-'));
afterAll(() => rmSync(folder, { recursive: true }));

const blocks = [...readFileSync('docs/logins.md', 'utf8').matchAll(/```yaml\n(.*?)```/gs)].map(
  ([, yaml]) => yaml ?? '',
);
const files = blocks.map((yaml, index) => {
  const file = join(folder, `${index}.yaml`);
  writeFileSync(file, yaml);
  return file;
});
const [base = '', ...examples] = files;

describe('every example of docs/logins.md is accepted', () => {
  test.each(examples)('%s', (file) => {
    expect(loadPack([base, file], { requireSecrets: false }).portals).toHaveLength(1);
  });

  test('and together they show every kind of login', () => {
    const kinds = examples.flatMap((file) =>
      loadPack([base, file], { requireSecrets: false }).portals.flatMap(({ auth, identities }) =>
        [auth, ...Object.values(identities)].map(({ kind }: Auth) => kind),
      ),
    );
    expect(new Set(kinds)).toEqual(new Set(['none', 'basic', 'header', 'login', 'form', 'oidc', 'oauth2']));
  });
});
