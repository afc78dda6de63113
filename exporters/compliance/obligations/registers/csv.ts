import { CsvError, parse } from 'csv-parse/sync';
import type { FoundRows } from './contents.js';
import { MAX_CASES, type UnreadableRegister } from './register.js';

/** RFC 4180, with a header; a byte order mark and semicolons as separators are read, too. */
export function csvRows(path: string, text: string, asOf: Date): FoundRows | UnreadableRegister {
  let columns: readonly string[] = [];
  const rows: FoundRows['rows'][number][] = [];
  try {
    parse(text, {
      bom: true,
      delimiter: separatorOf(text),
      skip_empty_lines: true,
      to: MAX_CASES + 1,
      columns: (header: readonly string[]) => {
        columns = header.map((name) => name.trim().toLowerCase());
        return [...columns];
      },
      on_record: (row: Record<string, string>, { lines }) => {
        rows.push({ place: `${path}:${lines}`, row });
        return null;
      },
    });
  } catch (error) {
    if (!(error instanceof CsvError)) throw error;
    return { unreadable: `${path}${lineOf(error)}: ${sentences[error.code] ?? `not CSV (${error.code})`}` };
  }
  return { register: path, columns, rows, asOf };
}

/** The library's own messages hold values. */
const sentences: Readonly<Record<string, string>> = {
  CSV_RECORD_INCONSISTENT_COLUMNS: 'expected as many values as columns; the file may be half-written',
  CSV_QUOTE_NOT_CLOSED: 'a quote is not closed; the file may be half-written',
  INVALID_OPENING_QUOTE: 'expected a value in quotes from its beginning',
  CSV_INVALID_CLOSING_QUOTE: 'expected a separator after the closing quote',
};

function lineOf(error: CsvError): string {
  const lines: unknown = 'lines' in error ? error.lines : undefined;
  return typeof lines === 'number' ? `:${lines}` : '';
}

function separatorOf(text: string): string {
  const [header = ''] = text.split('\n', 1);
  return header.includes(';') && !header.includes(',') ? ';' : ',';
}
