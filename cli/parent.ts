const LOOK_EVERY_MS = 250;

/**
 * Ends this process, in order, when npm is ended. `npm start` and `npx` start a shell that starts us, and pass a signal on
 * to that shell alone: it dies, npm ends, and we would run on as somebody else's child. Whoever started us otherwise may
 * end before us, as `nohup` and daemons do.
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
