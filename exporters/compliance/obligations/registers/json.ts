import type { FoundRows } from './contents.js';
import type { UnreadableRegister } from './register.js';
import type { RegisterRow } from './rows.js';

/** A list of objects. */
export function jsonRows(path: string, text: string, asOf: Date): FoundRows | UnreadableRegister {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    // The parser's own message holds a part of the text.
    return { unreadable: `${path}: not valid JSON; the file may be half-written` };
  }
  if (!Array.isArray(value)) return { unreadable: `${path}: expected a list of cases` };
  const rows = value.map((row: unknown, index) => ({ place: `${path}: item ${index + 1}`, row }));
  const strange = rows.find(({ row }) => !isRow(row));
  if (strange !== undefined) return { unreadable: `${strange.place}: expected an object` };
  return { register: path, rows: rows.flatMap(({ place, row }) => (isRow(row) ? [{ place, row }] : [])), asOf };
}

function isRow(value: unknown): value is RegisterRow {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
