import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { onTestFinished } from 'vitest';

/** Takes away from this process every further file descriptor; a shell that runs before gives them back. */
export async function withoutFileDescriptors(): Promise<() => Promise<void>> {
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
