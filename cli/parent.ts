const LOOK_EVERY_MS = 250;

/**
 * Ends this process, in order, when npm is ended. `npm start` and `npx` start a shell that starts this process, and
 * send a signal only to that shell: the shell and npm end, and this process would continue without them. Other parents
 * may end earlier, as with `nohup` and daemons.
 */
export function endWithNpm(env: Readonly<Record<string, string | undefined>> = process.env): void {
  if (env.npm_command === undefined || process.platform === 'win32') return;
  const parent = process.ppid;
  const timer = setInterval(() => {
    if (process.ppid === parent) return;
    clearInterval(timer);
    process.kill(process.pid, 'SIGTERM');
  }, LOOK_EVERY_MS);
  timer.unref();
}
