import type { Obligation } from '../../../../pack/compliance/model/index.js';
import type { Calendar } from '../../../../pack/policy/model.js';
import type { ReadOnlyDatabase } from '../../../runtime/postgres/read-only.js';
import { isPeriodEnd } from '../deadlines/periods.js';
import { fileRegister } from './file.js';
import type { RegisterReader } from './register.js';
import type { RowRules } from './rows.js';
import { sqlRegister } from './sql.js';

/** @param databaseOf a database of the board, by name; the caller closes it. */
export function registerOf(
  obligation: Obligation,
  calendar: Calendar,
  databaseOf: (name: string) => Pick<ReadOnlyDatabase, 'read'>,
): RegisterReader {
  const rulesAt = (now: Date) => rowRules(obligation, calendar, now);
  const { register } = obligation;
  return register.kind === 'file'
    ? fileRegister(register, rulesAt)
    : sqlRegister(register.database, register.query, databaseOf(register.database), rulesAt);
}

function rowRules({ rule, extended, schedule }: Obligation, { timeZone }: Calendar, now: Date): RowRules {
  return {
    timeZone,
    now,
    needsInstants: schedule === undefined && (rule.kind === 'hours' || extended?.kind === 'hours'),
    ...(schedule !== undefined && { isPeriodEnd: (day: string) => isPeriodEnd(schedule, day) }),
  };
}
