import { spawn } from 'node:child_process';
import { once } from 'node:events';
import pg from 'pg';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { CliLab } from '../support/audit-trail/cli-lab.js';
import { builtCli } from '../support/workflow/process.js';

let lab: CliLab;

beforeAll(async () => {
  lab = await CliLab.open();
});
afterAll(() => lab.close());

test.each(['SIGINT', 'SIGTERM'] as const)(
  '%s ends a verification that waits; it is no verdict, and the same command goes on',
  async (signal) => {
    const desk = await lab.desk();
    await desk.seal();
    const verify = ['--full', '--key', desk.path('public.vkey'), '--json'];
    const holder = new pg.Client({ connectionString: desk.url });
    holder.on('error', () => undefined);
    await holder.connect();
    try {
      await holder.query('begin; lock table audit.log in access exclusive mode');
      const child = spawn(
        process.execPath,
        [builtCli, 'audit', 'verify', '--config.file', desk.config, '--state-directory', desk.path('state'), ...verify],
        { env: { ...process.env, ...desk.env }, stdio: ['ignore', 'pipe', 'ignore'] },
      );
      let stdout = '';
      child.stdout.on('data', (chunk: Buffer) => {
        stdout += chunk.toString();
      });
      const exit = once(child, 'exit');
      await vi.waitFor(
        async () => {
          const { rows } = await holder.query(
            "select from pg_locks where not granted and relation = 'audit.log'::regclass",
          );
          expect(rows).toHaveLength(1);
        },
        { timeout: 20_000, interval: 50 },
      );
      child.kill(signal);
      const [code] = await exit;
      expect(code).toBe(2);
      expect(JSON.parse(stdout)).toMatchObject({
        verdict: 'unknown',
        log: { ok: true },
        rows: { isInterrupted: true, isComplete: false, rows: 0 },
        reasons: [expect.stringContaining('interrupted')],
      });
      await holder.query('rollback');
    } finally {
      await holder.end();
    }
    const again = await desk.kop('verify', ...verify);
    expect(again.code).toBe(0);
    expect(JSON.parse(again.stdout)).toMatchObject({ verdict: 'verified', rows: { isComplete: true, rows: 46 } });
  },
);
