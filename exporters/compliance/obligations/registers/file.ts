import { open } from 'node:fs/promises';
import { errorCode } from '../../../runtime/error-code.js';
import { reasonOf } from '../../../runtime/state/failure.js';
import { contentsOf } from './contents.js';
import { csvRows } from './csv.js';
import { jsonRows } from './json.js';
import type { RegisterReader, UnreadableRegister } from './register.js';
import type { RowRules } from './rows.js';

export interface FileRegister {
  readonly path: string;
  readonly format: 'csv' | 'json';
}

/** A register of a hundred thousand cases is a tenth of it. */
const MAX_BYTES = 64 * 1024 * 1024;

/** @param rulesAt how rows are read at a moment. */
export function fileRegister({ path, format }: FileRegister, rulesAt: (now: Date) => RowRules): RegisterReader {
  return {
    async read({ signal, now }) {
      signal.throwIfAborted();
      const found = await stableText(path, signal);
      if ('unreadable' in found) return found;
      const rows = (format === 'csv' ? csvRows : jsonRows)(path, found.text, found.changedAt);
      return 'unreadable' in rows ? rows : contentsOf(rows, rulesAt(now));
    },
  };
}

/** A file that somebody writes meanwhile would give a part of the cases. */
async function stableText(
  path: string,
  signal: AbortSignal,
): Promise<UnreadableRegister | { readonly text: string; readonly changedAt: Date }> {
  try {
    await using file = await open(path, 'r');
    const before = await file.stat();
    if (!before.isFile()) return { unreadable: `${path}: not a file` };
    if (before.size === 0) return { unreadable: `${path}: the file is empty, without even a header` };
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
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    return undefined;
  }
}
