import { execFile } from 'node:child_process';
import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { describe, expect, onTestFinished, test } from 'vitest';
import { shippedPackPath } from '../../pack/index.js';
import { TransitStandIn } from '../support/encryption/transit-stand-in.js';

const command = new URL('../../dist/cli/encryption/index.js', import.meta.url).href;
const program = `const { encryptionCommand } = await import(${JSON.stringify(command)});
await encryptionCommand().parseAsync(process.argv.slice(1), { from: 'user' });`;

/** The compiled command, with this beside the description that the pack ships. */
async function probe(providers: string, args: readonly string[], env: Readonly<Record<string, string>> = {}) {
  const file = join(mkdtempSync(join(tmpdir(), 'kop-test-')), 'mine.yaml');
  writeFileSync(
    file,
    `encryption:\n  kingston:\n    probe: { sizes: [16B, 4KiB] }\n    providers:\n      ${providers}\n`,
  );
  const configured = ['--config.file', shippedPackPath(), '--config.file', file];
  const all = ['--input-type=module', '-e', program, '--', 'probe', ...args, ...configured];
  try {
    const options = { env: { ...process.env, NO_COLOR: '1', ...env }, timeout: 30_000 };
    const { stdout, stderr } = await promisify(execFile)(process.execPath, all, options);
    return { code: 0, stdout, stderr };
  } catch (error) {
    if (!(error instanceof Error && 'stdout' in error && 'stderr' in error && 'code' in error)) throw error;
    return { code: error.code, stdout: String(error.stdout), stderr: String(error.stderr) };
  }
}

describe('kop encryption probe', () => {
  test('prints a table for each operation and size against the promise, and the self-tests', async () => {
    const { code, stdout } = await probe('aes: { kind: local, sla: 500ms }', ['aes', '--samples', '20']);
    expect(stdout).toContain('aes (local) of kingston');
    expect(stdout).toMatch(/operation +size +data key +samples +p50 +p95 +p99 +max +promise/);
    for (const operation of ['encrypt', 'decrypt', 'round_trip']) {
      for (const size of ['16B', '4KiB']) expect(stdout).toMatch(new RegExp(`${operation} +${size} +warm +.* kept`));
    }
    expect(stdout).toContain('✓ replayed_other_row');
    expect(code).toBe(0);
  });

  test('prints JSON for programs', async () => {
    const { code, stdout } = await probe('aes: { kind: local, sla: 500ms }', ['aes', '--samples', '20', '--json']);
    const reports: unknown = JSON.parse(stdout);
    expect(reports).toMatchObject([{ provider: 'aes', isUsable: true, verdict: 'kept', failures: [] }]);
    expect(reports).toMatchObject([{ timings: expect.arrayContaining([expect.objectContaining({ target: 0.5 })]) }]);
    expect(code).toBe(0);
  });

  test('a promise that is not kept is found', async () => {
    const server = new TransitStandIn();
    const address = await server.start();
    onTestFinished(() => server.close());
    server.key('canary');
    // So slow that it is late whatever a busy machine adds, and takes away again.
    server.faults.delayMs = 60;
    const token = server.token();
    const vault = `vault: { kind: transit, address: '${address}', key: canary, token: '\${env:KOP_TEST_TOKEN}' }`;
    const { code, stdout, stderr } = await probe(vault, ['vault', '--samples', '5'], { KOP_TEST_TOKEN: token });
    expect(stdout).toMatch(/encrypt +16B .* missed/);
    expect(stdout + stderr).not.toContain(token);
    expect(code).toBe(1);
  });

  test('a provider that cannot be used is found', async () => {
    const vault = `vault: { kind: transit, address: 'http://127.0.0.1:9', key: canary, token: '\${env:KOP_TEST_TOKEN}' }`;
    const { code, stdout } = await probe(vault, ['vault'], { KOP_TEST_TOKEN: 's.something' });
    expect(stdout).toContain('cannot be used');
    expect(stdout).toContain('encrypt failed: unavailable (1×)');
    expect(code).toBe(1);
  });

  test('a provider that a fault of ours keeps from being asked is not known, and that is no failure of it', async () => {
    const hsm = `hsm: { kind: pkcs11, library: /nowhere.so, tokenLabel: canary, pin: '\${env:KOP_TEST_PIN}' }`;
    const { code, stdout } = await probe(hsm, ['hsm'], { KOP_TEST_PIN: '4711' });
    expect(stdout).toContain('cannot be asked, by a fault of ours');
    expect(stdout).toContain('not known: nothing could be asked');
    expect(stdout).not.toMatch(/failed|cannot be used/);
    expect(code).toBe(2);
  });

  test.each([
    ['a provider that is not described', 'aes: { kind: local }', ['aess'], "did you mean 'aes'?"],
    ['a portal without providers', 'aes: { kind: local }', ['--portal', 'nowhere'], "of the portal 'nowhere'"],
    [
      'a secret that is not at hand',
      `vault: { kind: transit, address: 'http://127.0.0.1:9', key: canary, token: '\${env:KOP_TEST_UNSET}' }`,
      ['vault'],
      'vault: environment variable KOP_TEST_UNSET is not set',
    ],
  ])('%s: cannot run', async (_, providers, args, message) => {
    const { code, stderr } = await probe(providers, args);
    expect(stderr).toContain(message);
    expect(code).toBe(2);
  });
});
