import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { packageRoot } from '../../pack/index.js';
import { eventually } from '../support/stack/eventually.js';
import { processesAbout } from '../support/stack/processes.js';

// npm makes the program of a clone executable once, and not again when it was built anew.
test.skipIf(process.platform === 'win32')('the build leaves a program that can be run', () => {
  expect(statSync(join(packageRoot(), 'dist', 'cli', 'kop.js')).mode & 0o111).toBe(0o111);
});

// With the npm that is here: it passes SIGTERM on to its shell alone. `npm start` is tried by .ci/first-run.mjs.
test.skipIf(process.platform === 'win32')(
  'an exporter that npx started ends with npx',
  { timeout: 90_000 },
  async () => {
    const folder = mkdtempSync(join(tmpdir(), 'kop-npx-'));
    const args = [
      'kop',
      'exporters',
      'workflow-sla',
      '--web.listen-address',
      '127.0.0.1:0',
      '--state-directory',
      folder,
    ];
    const child = spawn('npx', args, {
      cwd: packageRoot(),
      env: {
        ...process.env,
        KINGSTON_PROBE_EMAIL: 'a@example.com',
        KINGSTON_PROBE_PASSWORD: 'unused',
        // What npx runs is here already; a registry that is slow to answer must not hold it up.
        npm_config_offline: 'true',
        npm_config_update_notifier: 'false',
      },
      stdio: ['ignore', 'ignore', 'pipe'],
    });
    let log = '';
    child.stderr.setEncoding('utf8').on('data', (text: string) => {
      log += text;
    });
    onTestFinished(() => {
      for (const { pid } of processesAbout(folder)) process.kill(pid, 'SIGKILL');
      rmSync(folder, { recursive: true, force: true });
    });
    await eventually('the exporter runs', 60_000, async () => log.includes('msg=started')).catch((error: unknown) => {
      throw new Error(`npx said: ${log}`, { cause: error });
    });
    child.kill('SIGTERM');
    await eventually('nothing is left', 20_000, async () => processesAbout(folder).length === 0);
    expect(log).toContain('signal received');
  },
);
