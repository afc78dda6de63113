import { settledText } from '../../reading/settled-text.js';
import { contentsOf } from './contents.js';
import { csvRows } from './csv.js';
import { jsonRows } from './json.js';
import type { RegisterReader } from './register.js';
import type { RowRules } from './rows.js';

export interface FileRegister {
  readonly path: string;
  readonly format: 'csv' | 'json';
}

/** @param rulesAt how rows are read at a moment. */
export function fileRegister({ path, format }: FileRegister, rulesAt: (now: Date) => RowRules): RegisterReader {
  return {
    async read({ signal, now }) {
      signal.throwIfAborted();
      const found = await settledText(path, signal);
      if ('unreadable' in found) return found;
      const rows = (format === 'csv' ? csvRows : jsonRows)(path, found.text, found.changedAt);
      return 'unreadable' in rows ? rows : contentsOf(rows, rulesAt(now));
    },
  };
}
