/** Obligations: cases with a deadline, such as privacy requests, breaches and returns. */

/**
 * How a deadline follows from its start.
 *
 * - `months`: the corresponding day of a later month, or its last day; rolls to a working day when `rolls`.
 * - `days`: calendar days; with `startIsDayOne`, the day of the start is the first of them. Ends with the last day.
 * - `hours`: elapsed hours, over clock changes and weekends.
 * - `business_days`: days on which the calendar is open, counted from the next one.
 */
export type DeadlineRule =
  | { readonly kind: 'months'; readonly months: number; readonly rolls: boolean }
  | { readonly kind: 'days'; readonly days: number; readonly startIsDayOne: boolean; readonly rolls: boolean }
  | { readonly kind: 'hours'; readonly hours: number }
  | { readonly kind: 'business_days'; readonly days: number };

/** Returns whose periods follow from the calendar, not from a register. */
export interface ReturnSchedule {
  /**
   * ISO day of the end of the first period that is owed; the others follow from it. The last day of a month is followed by
   * last days of months.
   */
  readonly periodEnds: string;
  readonly everyMonths: number;
}

/** Where cases are read. Only counts and times leave it. */
export type CaseRegister =
  | { readonly kind: 'sql'; readonly database: string; readonly query: string }
  | { readonly kind: 'file'; readonly path: string; readonly format: 'csv' | 'json' };

export interface Obligation {
  readonly name: string;
  readonly title: string;
  /** In words, for people: `one calendar month from receipt, rolled to a working day`. */
  readonly ruleText: string;
  readonly rule: DeadlineRule;
  /** Applies to a case that was extended; counted from the start, never from the first deadline. */
  readonly extended?: DeadlineRule;
  /** Before the deadline, a case is at risk for this long. */
  readonly leadSeconds: number;
  /** Name of a calendar of the pack: its time zone, working days and bank holidays. */
  readonly calendar: string;
  /** One day earlier, where the statute can be read so. */
  readonly conservative: boolean;
  readonly register: CaseRegister;
  /** Where each period of the schedule owes one case. */
  readonly schedule?: ReturnSchedule;
  /** A register without a new case for longer is evidence that ages: unknown. */
  readonly silentAfterSeconds?: number;
}

/** One case of a register. Never becomes a label, a log line or a message. */
export interface ObligationCase {
  /** Instant of receipt or awareness. */
  readonly startedAt: Date;
  /** The latest of identity, clarification and fee, where the clock starts with it. */
  readonly relevantAt?: Date;
  readonly completedAt?: Date;
  readonly isExtended: boolean;
  /** Of a return on a schedule: ISO day of the end of its period. */
  readonly periodEnd?: string;
  /** Days, inclusive on both ends, on which the clock stood still; without an end, it still stands. */
  readonly stopped: readonly { readonly from: Date; readonly to?: Date }[];
}
