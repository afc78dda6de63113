import type { ObligationCase } from '../../../../pack/compliance/model/index.js';
import { MAX_CASES, type RegisterAnswer } from './register.js';
import { caseOf, type RegisterRow, RowFault, type RowRules, requiredColumns } from './rows.js';

/** A row, and how a person finds it. */
export interface PlacedRow {
  readonly place: string;
  readonly row: RegisterRow;
}

export interface FoundRows {
  /** Where the register is, for messages. */
  readonly register: string;
  /** Its columns, where they are known apart from the rows. */
  readonly columns?: readonly string[];
  readonly rows: readonly PlacedRow[];
  readonly asOf: Date;
}

/** One bad row does not hide the others: a case that is overdue is overdue. */
export function contentsOf({ register, columns, rows, asOf }: FoundRows, rules: RowRules): RegisterAnswer {
  if (rows.length > MAX_CASES) {
    return { unreadable: `${register}: more than ${MAX_CASES} rows; give a view or file with the cases that matter` };
  }
  const known = columns ?? Object.keys(rows[0]?.row ?? {});
  const missing = requiredColumns(rules).filter((column) => !known.includes(column));
  if (missing.length > 0 && (columns !== undefined || rows.length > 0)) {
    return { unreadable: `${register}: no column ${missing.join(' and no column ')}` };
  }
  const cases: ObligationCase[] = [];
  const faults: string[] = [];
  for (const { place, row } of rows) {
    try {
      cases.push(caseOf(row, rules));
    } catch (error) {
      if (!(error instanceof RowFault)) throw error;
      faults.push(`${place}: ${error.message}`);
    }
  }
  return { cases, faults, asOf };
}
