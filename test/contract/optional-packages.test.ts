import { execFile } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { afterAll, expect, test } from 'vitest';
import { loadOptional } from '../../exporters/encryption/providers/optional-package.js';
import { packageRoot } from '../../pack/index.js';

const folder = mkdtempSync(join(tmpdir(), 'kop-optional-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const kop = join(packageRoot(), 'dist', 'cli', 'kop.js');
const hide = pathToFileURL(join(packageRoot(), 'test', 'support', 'encryption', 'hide-package.mjs')).href;

/** `kop encryption probe` on a machine without this package. */
function probeWithout(
  name: string,
  provider: string,
): Promise<{ readonly code: number | null; readonly said: string }> {
  const config = join(folder, 'pack.yaml');
  writeFileSync(
    config,
    `teams: { platform: { title: Platform } }
portals: { portal: { title: Portal, baseUrl: 'http://127.0.0.1:1' } }
objectives: { responsive: { title: Responsive, target: 99%, period: 30d } }
encryption:
  main: { title: Fields, portal: portal, team: platform, sla: 10ms, objective: responsive, providers: { one: ${provider} } }
`,
  );
  return new Promise((resolve) => {
    const child = execFile(
      process.execPath,
      ['--import', hide, kop, 'encryption', 'probe', '--config.file', config],
      { env: { ...process.env, KOP_TEST_HIDE: name, KOP_TEST_PIN: '1234' } },
      (_error, stdout, stderr) => resolve({ code: child.exitCode, said: stdout + stderr }),
    );
  });
}

test.each([
  [
    'pkcs11js',
    `{ kind: pkcs11, library: /usr/lib/none.so, tokenLabel: t, pin: '\${env:KOP_TEST_PIN}' }`,
    'pkcs11js is not installed here: npm install pkcs11js (needs a C++ compiler)',
  ],
  [
    '@aws-sdk/client-kms',
    '{ kind: kms, region: eu-west-2, keyId: alias/canary }',
    '@aws-sdk/client-kms is not installed here: npm install @aws-sdk/client-kms',
  ],
])('without %s, a provider that needs it says so, and nothing else fails', async (name, provider, message) => {
  const { code, said } = await probeWithout(name, provider);
  expect(said).toContain(message);
  expect(said).not.toMatch(/^ +at /m);
  expect(code).not.toBe(0);
});

test('a package that is there and was not built is told from one that is not there', async () => {
  const broken = () => Promise.reject(Object.assign(new Error('no addon'), { code: 'ERR_DLOPEN_FAILED' }));
  await expect(loadOptional('pkcs11js', broken, 'a C++ compiler')).rejects.toThrow(
    'pkcs11js is installed here and cannot be loaded: npm rebuild pkcs11js (needs a C++ compiler)',
  );
});
