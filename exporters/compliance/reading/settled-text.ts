import { open } from 'node:fs/promises';
import { errorCode } from '../../runtime/error-code.js';
import { reasonOf } from '../../runtime/state/failure.js';

export interface SettledText {
  readonly text: string;
  /** When the file was last changed: how old what it says is at least. */
  readonly changedAt: Date;
}

const MAX_BYTES = 64 * 1024 * 1024;

/**
 * The whole text of a file that another program writes, or why there is none. A file that changes meanwhile would give a
 * part of it.
 *
 * @throws only when the signal is aborted.
 */
export async function settledText(
  path: string,
  signal: AbortSignal,
): Promise<SettledText | { readonly unreadable: string }> {
  try {
    await using file = await open(path, 'r');
    const before = await file.stat();
    if (!before.isFile()) return { unreadable: `${path}: not a file` };
    if (before.size === 0) return { unreadable: `${path}: the file is empty` };
    if (before.size > MAX_BYTES) return { unreadable: `${path}: larger than ${MAX_BYTES / 1024 / 1024} MB` };
    const bytes = await file.readFile({ signal });
    const after = await file.stat();
    if (after.size !== bytes.length || after.mtimeMs !== before.mtimeMs) {
      return { unreadable: `${path}: the file changes while it is read` };
    }
    const text = decoded(bytes);
    return text === undefined ? { unreadable: `${path}: not UTF-8` } : { text, changedAt: before.mtime };
  } catch (error) {
    if (signal.aborted) throw error;
    const reason = errorCode(error) === 'ENOENT' ? 'there is no such file' : reasonOf(error);
    return { unreadable: `${path}: ${reason}` };
  }
}

function decoded(bytes: Uint8Array): string | undefined {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch {
    return undefined;
  }
}
