import { accessSync, closeSync, constants, openSync, readSync } from 'node:fs';
import { delimiter, join } from 'node:path';

export function onPath(program: string): boolean {
  return (process.env.PATH ?? '').split(delimiter).some((folder) => isRunnable(join(folder, program)));
}

/**
 * Whether this user may run a file: of a script, its interpreter too. A script in a virtual environment can be readable
 * where its interpreter lies in somebody's home.
 */
export function isRunnable(file: string): boolean {
  try {
    accessSync(file, constants.X_OK | constants.R_OK);
    const interpreter = /^#! *(\/\S+)/.exec(headOf(file))?.[1];
    if (interpreter !== undefined) accessSync(interpreter, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}

function headOf(file: string): string {
  const bytes = Buffer.alloc(256);
  const fd = openSync(file, 'r');
  try {
    return bytes.toString('latin1', 0, readSync(fd, bytes));
  } finally {
    closeSync(fd);
  }
}
