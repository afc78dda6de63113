import { spawn } from 'node:child_process';

/**
 * Reads lines from a pipe that only the launcher holds. When it closes, the launcher is gone, kill -9 included, and
 * every process group still watched follows: asked first, killed after five seconds. Then the run's folder goes, when
 * it was a temporary one. A shell and not Node: 1 MB instead of 45.
 *
 * Groups rather than processes, because a program found on the PATH may be a wrapper script.
 */
const SCRIPT = `
trap '' HUP INT TERM
groups=
while read -r word group; do
  case $word in
    watch) groups="$groups $group" ;;
    forget)
      rest=
      for one in $groups; do [ "$one" = "$group" ] || rest="$rest $one"; done
      groups=$rest ;;
  esac
done
signal=TERM
round=0
while [ "$round" -lt 70 ]; do
  alive=
  for group in $groups; do
    if kill -s 0 -- "-$group" 2>/dev/null; then alive="$alive $group"; fi
  done
  [ -n "$alive" ] || break
  if [ "$round" -eq 50 ]; then signal=KILL; fi
  if [ "$round" -eq 0 ] || [ "$round" -eq 50 ]; then
    for group in $alive; do kill -s "$signal" -- "-$group" 2>/dev/null; done
  fi
  round=$((round + 1))
  sleep 0.1
done
if [ "$2" = remove ] && [ -n "$1" ]; then
  rm -rf -- "$1"
  rmdir -- "$(dirname -- "$1")" 2>/dev/null
fi
`;

/** Ties the life of programs to the life of this process. */
export interface Guard {
  watch(pid: number): void;
  forget(pid: number): void;
  /** Call after everything was stopped in the ordinary way. */
  dismiss(): void;
}

const NOTHING: Guard = { watch: () => undefined, forget: () => undefined, dismiss: () => undefined };

/**
 * @param folder removed when this process is gone, if `isTemporary`
 */
export function startGuard(folder: string, isTemporary: boolean): Guard {
  // On Windows, Node keeps children that are not detached in a job object that ends with this process.
  if (process.platform === 'win32') {
    return NOTHING;
  }
  const dog = spawn('/bin/sh', ['-c', SCRIPT, 'kop-demo-guard', folder, isTemporary ? 'remove' : 'keep'], {
    // A session of its own: Ctrl-C in a terminal reaches the whole group, and the guard has to outlive it.
    detached: true,
    stdio: ['pipe', 'ignore', 'ignore'],
    cwd: '/',
    env: { PATH: '/usr/bin:/bin' },
  });
  dog.on('error', () => undefined);
  dog.stdin.on('error', () => undefined);
  dog.unref();
  if ('unref' in dog.stdin && typeof dog.stdin.unref === 'function') {
    dog.stdin.unref();
  }
  return {
    watch: (pid) => void dog.stdin.write(`watch ${pid}\n`),
    forget: (pid) => void dog.stdin.write(`forget ${pid}\n`),
    dismiss() {
      dog.kill('SIGKILL');
      dog.stdin.destroy();
    },
  };
}
