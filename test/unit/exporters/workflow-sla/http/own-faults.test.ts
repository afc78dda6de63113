import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { expect, onTestFinished, test } from 'vitest';
import { job } from '../../../../support/workflow/domain.js';
import { runOnce, verdictOf } from '../../../../support/workflow/engine.js';

/** Takes away from this process every further file descriptor; a shell that runs before gives them back. */
async function withoutFileDescriptors(): Promise<() => Promise<void>> {
  const script = `while read limit; do prlimit --pid ${process.pid} --nofile=$limit: && echo done; done`;
  const shell = spawn('sh', ['-c', script], { stdio: ['pipe', 'pipe', 'inherit'] });
  onTestFinished(() => {
    shell.stdin.end();
  });
  const limit = async (files: number) => {
    shell.stdin.write(`${files}\n`);
    await once(shell.stdout, 'data');
  };
  await limit(3);
  return () => limit(1024);
}

test.skipIf(process.platform !== 'linux').each(['http://localhost:1', 'http://127.0.0.1:1'])(
  'no file descriptors on the way to %s: our fault',
  async (url) => {
    const giveBack = await withoutFileDescriptors();
    const result = await runOnce(job(url)).finally(giveBack);
    expect(verdictOf(result)).toMatch(/^exporter: .*no file descriptors are left for the exporter \(EMFILE\)/);
    expect(result).toMatchObject({ verdict: 'uncertain', uncertain: 'file-descriptors' });
  },
);
