import { execFileSync } from 'node:child_process';
import { existsSync, readdirSync, readFileSync, readlinkSync } from 'node:fs';

export interface ProcessInfo {
  readonly pid: number;
  readonly parent: number;
  readonly command: string;
}

/** Processes that mention the text in their command line, and on Linux also in their environment or folder. */
export function processesAbout(text: string): readonly ProcessInfo[] {
  return existsSync('/proc/self/stat') ? fromProc(text) : fromPs(text);
}

export function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}

function fromProc(text: string): readonly ProcessInfo[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .flatMap((name) => {
      const folder = `/proc/${name}`;
      const command = quietly(() => readFileSync(`${folder}/cmdline`, 'utf8').replaceAll('\0', ' ').trim());
      const environment = quietly(() => readFileSync(`${folder}/environ`, 'utf8'));
      const cwd = quietly(() => readlinkSync(`${folder}/cwd`));
      // The state follows the name in brackets, which may itself hold brackets and spaces; the parent follows the state.
      const [state, parent] = quietly(() => readFileSync(`${folder}/stat`, 'utf8').replace(/^.*\) /s, '')).split(' ');
      const isAbout = [command, environment, cwd].some((place) => place.includes(text));
      // A zombie is gone; nobody has asked for its exit code yet.
      return isAbout && state !== 'Z' ? [{ pid: Number(name), parent: Number(parent), command }] : [];
    });
}

/** Processes come and go while we look, and others' are not ours to read. */
function quietly(read: () => string): string {
  try {
    return read();
  } catch {
    return '';
  }
}

function fromPs(text: string): readonly ProcessInfo[] {
  const lines = execFileSync('ps', ['-axo', 'pid=,ppid=,command='], { encoding: 'utf8' }).split('\n');
  return lines.flatMap((line) => {
    const [, pid, parent, command] = /^\s*(\d+)\s+(\d+)\s+(.*)$/.exec(line) ?? [];
    return command?.includes(text) ? [{ pid: Number(pid), parent: Number(parent), command }] : [];
  });
}
