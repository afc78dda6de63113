import { mkdtempSync, readFileSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, expect, test, vi } from 'vitest';
import { rotationDays } from '../../../../pack/encryption/model.js';
import { loadPack, shippedPackPath } from '../../../../pack/index.js';

const minimal = 'test/fixtures/pack/minimal.yaml';
const complete = 'test/fixtures/encryption/pack/complete-encryption.yaml';

afterEach(() => vi.unstubAllEnvs());

test('every key reaches the domain, and no secret is shown', () => {
  vi.stubEnv('KOP_TEST_SECRET', 's3cret');
  const folder = join(process.cwd(), 'test/fixtures/encryption/pack');
  const shown = JSON.stringify(loadPack([minimal, complete]).encryption);
  expect(shown).not.toContain('s3cret');
  expect(JSON.parse(shown.replaceAll(folder, '<folder>'))).toMatchSnapshot();
});

test('the shipped description times what there is to time, and needs no database for it', () => {
  const [shipped, ...others] = loadPack([], { requireSecrets: ['encryption'] }).encryption;
  expect(others).toEqual([]);
  expect(shipped).toMatchInlineSnapshot(`
    {
      "keys": [],
      "name": "kingston",
      "objective": "encrypted-in-time",
      "portal": "kingston",
      "probe": {
        "intervalMs": 15000,
        "samples": 20,
        "sizesBytes": [
          16,
          256,
          4096,
          65536,
        ],
        "timeoutMs": 5000,
      },
      "providers": [
        {
          "kind": "local",
          "name": "local",
        },
      ],
      "slaSeconds": 0.01,
      "team": "security",
      "timings": [],
      "title": "Field encryption of Kingston's Portal",
    }
  `);
});

test('what the shipped description says to write for ciphertext columns is right, and counts no failed rotation', () => {
  const lines = readFileSync(shippedPackPath(), 'utf8').split('\n');
  const example = lines.slice(lines.lastIndexOf('    # keys:')).map((line) => line.replace(/^( {4})# ?/, '$1'));
  const file = join(mkdtempSync(join(tmpdir(), 'kop-example-')), 'pack.yaml');
  writeFileSync(file, [...lines.slice(0, lines.lastIndexOf('    # keys:')), ...example].join('\n'));
  const [encryption] = loadPack([file], { requireSecrets: false }).encryption;
  expect(encryption?.scan?.columns).toHaveLength(3);
  expect(encryption?.keys).toMatchObject([{ name: 'restricted-fields', source: { kind: 'table', status: 'status' } }]);
});

test('a policy of four steps says how long a key may be used', () => {
  expect(rotationDays).toEqual({ top_secret: 15, restricted: 30, confidential: 90, internal: 180 });
});

test('how often a key is rotated follows from what it protects', () => {
  vi.stubEnv('KOP_TEST_SECRET', 's3cret');
  const [encryption] = loadPack([minimal, complete]).encryption;
  expect(encryption?.keys.map(({ name, rotateEveryDays }) => [name, rotateEveryDays])).toEqual([
    ['fields', 15],
    ['transit', 365],
  ]);
});
