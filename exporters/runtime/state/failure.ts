import { errorCode } from '../error-code.js';

const sentences: Readonly<Record<string, string>> = {
  EROFS: 'the file system is read-only',
  EACCES: 'this user may not write there',
  EPERM: 'this user may not write there',
  ENOSPC: 'its disk is full',
  EDQUOT: "this user's share of the disk is used up",
  ENOTDIR: 'a part of the path is a file',
  ENOENT: 'it is not there and cannot be made',
  EMFILE: 'this process has no file descriptor left',
  ENFILE: 'the machine has no file descriptor left',
};

/** Not a fault of the program: disk, permissions, limits. */
export function isOfTheMachine(error: unknown): boolean {
  const code = errorCode(error);
  return code !== undefined && code in sentences;
}

/** As a readable text without the path, which the caller adds. */
export function reasonOf(error: unknown): string {
  const code = errorCode(error);
  if (code === undefined) return error instanceof Error ? error.message : String(error);
  const sentence = sentences[code];
  return sentence === undefined ? code : `${sentence} (${code})`;
}
