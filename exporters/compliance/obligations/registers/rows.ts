/** A row of a register becomes a case, or a fault that names the column and what was expected, never what was there. */
import type { ObligationCase } from '../../../../pack/compliance/model/index.js';
import { type WrittenInstant, writtenInstant } from './instants.js';
import { stoppedForms, writtenStops } from './stopped.js';

export type RegisterRow = Readonly<Record<string, unknown>>;

export interface RowRules {
  readonly timeZone: string;
  /** Elapsed hours need an instant, not a day. */
  readonly needsInstants: boolean;
  /** Of returns: how the ends of periods are written, and which days are such ends. */
  readonly isPeriodEnd?: (isoDay: string) => boolean;
  readonly now: Date;
}

/** Columns without which nothing can be said. */
export function requiredColumns({ isPeriodEnd }: RowRules): readonly string[] {
  return isPeriodEnd === undefined ? ['started_at', 'completed_at'] : ['period_end', 'completed_at'];
}

export class RowFault extends Error {
  override readonly name = 'RowFault';

  constructor(column: string, expected: string) {
    super(`column ${column}: expected ${expected}`);
  }
}

/** Clocks of two machines differ. */
const SKEW_MS = 300_000;

/** @throws {RowFault} */
export function caseOf(row: RegisterRow, rules: RowRules): ObligationCase {
  const periodEnd = rules.isPeriodEnd === undefined ? undefined : periodOf(row, rules.isPeriodEnd);
  const started = startOf(row, rules, periodEnd);
  const completed = instant(row, 'completed_at', rules);
  const relevant = instant(row, 'relevant_at', rules);
  if (completed !== undefined && periodEnd === undefined && completed.end < started.start) {
    throw new RowFault('completed_at', 'a time that is not before started_at');
  }
  return {
    startedAt: started.start,
    ...(relevant !== undefined && { relevantAt: relevant.start }),
    ...(completed !== undefined && { completedAt: completed.end }),
    ...(periodEnd !== undefined && { periodEnd }),
    isExtended: flag(row, 'extended'),
    stopped: stops(row, rules),
  };
}

function startOf(row: RegisterRow, rules: RowRules, periodEnd: string | undefined): WrittenInstant {
  const started = instant(row, 'started_at', rules) ?? (periodEnd && writtenInstant(periodEnd, rules.timeZone));
  if (started === undefined || started === '') throw new RowFault('started_at', instantForms(rules));
  return started;
}

function periodOf(row: RegisterRow, isPeriodEnd: (isoDay: string) => boolean): string {
  const written = textOf(row.period_end)?.trim();
  if (written === undefined || !isPeriodEnd(written)) {
    throw new RowFault('period_end', 'the last day of a period of the schedule, such as 2026-06-30');
  }
  return written;
}

function instant(row: RegisterRow, column: string, rules: RowRules): WrittenInstant | undefined {
  const written = textOf(row[column]);
  if (written === undefined || written.trim() === '') return undefined;
  const read = writtenInstant(written, rules.timeZone);
  if (read === undefined || (rules.needsInstants && read.isDay)) throw new RowFault(column, instantForms(rules));
  if (read.start.getTime() > rules.now.getTime() + SKEW_MS) throw new RowFault(column, 'a time that has come');
  return read;
}

function instantForms({ needsInstants }: RowRules): string {
  return needsInstants
    ? 'an instant such as 2026-03-01T09:30:00Z, because hours are counted'
    : 'a day such as 2026-03-01 or an instant such as 2026-03-01T09:30:00Z';
}

const flags: Readonly<Record<string, boolean>> = {
  true: true,
  t: true,
  yes: true,
  '1': true,
  false: false,
  f: false,
  no: false,
  '0': false,
  '': false,
};

function flag(row: RegisterRow, column: string): boolean {
  const value = row[column] ?? false;
  const read = typeof value === 'boolean' ? value : flags[String(value).trim().toLowerCase()];
  if (read === undefined) throw new RowFault(column, 'true or false');
  return read;
}

function stops(row: RegisterRow, { timeZone }: RowRules): ObligationCase['stopped'] {
  const value = row.stopped;
  if (value === undefined || value === null) return [];
  const read = writtenStops(value, timeZone);
  if (read === undefined) throw new RowFault('stopped', stoppedForms);
  return read;
}

/** Something other than text, such as a number of a spreadsheet, is no time. */
function textOf(value: unknown): string | undefined {
  if (value === undefined || value === null) return undefined;
  return typeof value === 'string' ? value : 'not a text';
}
