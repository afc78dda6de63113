/** When a case is due. Pure: a rule, a calendar, a case and the time in; a deadline, or why it is not certain, out. */
import { DateTime } from 'luxon';
import type { DeadlineRule, Obligation, ObligationCase } from '../../../../pack/compliance/model/index.js';
import type { Calendar } from '../../../../pack/policy/model.js';
import { dayOf, endOfDay, isoDay } from './day.js';
import { isStoppedOn, movedByStops, type StoppedDays, stoppedDays } from './stopped.js';
import { afterWorkingDays, rolledToWorkingDay, type UnknownDay } from './working-days.js';

export interface CaseDue {
  /** The last instant that is in time. */
  readonly dueAt: Date;
  /** That day in the calendar's time zone; a clock of elapsed hours has none. */
  readonly lastDay?: string;
  /** By the ordinary reading, where the case is judged by the one that ends a day earlier. */
  readonly ordinaryLastDay?: string;
}

/** Never a guess: a deadline that depends on days that nobody knows says so. */
export type DueAnswer = CaseDue | UnknownDay;

type DeadlineTerms = Pick<Obligation, 'rule' | 'extended' | 'conservative'>;
type DayRule = Exclude<DeadlineRule, { readonly kind: 'hours' }>;

export function caseDeadline(terms: DeadlineTerms, calendar: Calendar, found: ObligationCase, now: Date): DueAnswer {
  const rule = ruleOf(terms, found.isExtended);
  const startedAt = relevantTime(found);
  if (rule.kind === 'hours') {
    if (found.stopped.length > 0) {
      return { uncertain: 'a clock of elapsed hours cannot be stopped, and the register says that it was' };
    }
    return { dueAt: afterHours(startedAt, rule.hours) };
  }
  const start = dayOf(startedAt, calendar.timeZone);
  if (found.stopped.length === 0) {
    return rememberedDue(calendar, terms, `${isoDay(start)} ${found.isExtended}`, () =>
      dayDeadline(rule, calendar, start, [], terms.conservative),
    );
  }
  const stops = stoppedDays(found.stopped, start, now, calendar.timeZone);
  return dayDeadline(rule, calendar, start, stops, terms.conservative);
}

/**
 * Registers are read each minute, and most of their cases are old. What was computed for a day is the same for all cases of
 * that day, for as long as the description is not loaded again.
 */
const computed = new WeakMap<Calendar, WeakMap<DeadlineTerms, Map<string, DueAnswer>>>();

function rememberedDue(calendar: Calendar, terms: DeadlineTerms, key: string, compute: () => DueAnswer): DueAnswer {
  const ofCalendar = computed.get(calendar) ?? new WeakMap<DeadlineTerms, Map<string, DueAnswer>>();
  computed.set(calendar, ofCalendar);
  const ofTerms = ofCalendar.get(terms) ?? new Map<string, DueAnswer>();
  ofCalendar.set(terms, ofTerms);
  const due = ofTerms.get(key) ?? compute();
  ofTerms.set(key, due);
  return due;
}

/** The clock of a return starts when its period ends. */
export function returnDeadline(
  terms: DeadlineTerms,
  calendar: Calendar,
  periodEnd: DateTime,
  isExtended = false,
): DueAnswer {
  const { conservative } = terms;
  const rule = ruleOf(terms, isExtended);
  if (rule.kind === 'hours') {
    return { dueAt: afterHours(endOfDay(periodEnd, calendar.timeZone), rule.hours) };
  }
  return dayDeadline(rule, calendar, periodEnd, [], conservative);
}

/** An extension counts from the start, too: 31 January, one month and two more is 28 April, and three months is 30 April. */
function ruleOf({ rule, extended }: DeadlineTerms, isExtended: boolean): DeadlineRule {
  return isExtended ? (extended ?? rule) : rule;
}

/** The latest of the request and of what the clock waits for: identity, clarification, fee. */
function relevantTime({ startedAt, relevantAt }: ObligationCase): Date {
  return relevantAt === undefined || relevantAt < startedAt ? startedAt : relevantAt;
}

/** Elapsed, whatever clocks on walls do. */
function afterHours(start: Date, hours: number): Date {
  return DateTime.fromJSDate(start, { zone: 'utc' }).plus({ hours }).toJSDate();
}

function dayDeadline(
  rule: DayRule,
  calendar: Calendar,
  start: DateTime,
  stops: readonly StoppedDays[],
  conservative: boolean,
): DueAnswer {
  const ordinary = lastDayOf(rule, calendar, start, stops, 0);
  if ('uncertain' in ordinary) return ordinary;
  if (!conservative) return { dueAt: endOfDay(ordinary, calendar.timeZone), lastDay: isoDay(ordinary) };
  const earlier = lastDayOf(rule, calendar, start, stops, 1);
  if ('uncertain' in earlier) return earlier;
  return {
    dueAt: endOfDay(earlier, calendar.timeZone),
    lastDay: isoDay(earlier),
    ordinaryLastDay: isoDay(ordinary),
  };
}

/** A period that ends `daysEarlier`, and then rolls: the reading decides when it ends, the roll what follows from that. */
function lastDayOf(
  rule: DayRule,
  calendar: Calendar,
  start: DateTime,
  stops: readonly StoppedDays[],
  daysEarlier: number,
): DateTime | UnknownDay {
  if (rule.kind === 'business_days') {
    return afterWorkingDays(calendar, start, rule.days - daysEarlier, (day) => isStoppedOn(day, stops));
  }
  const length = rule.kind === 'months' ? { months: rule.months } : { days: rule.days - (rule.startIsDayOne ? 1 : 0) };
  const end = movedByStops(start.plus(length).minus({ days: daysEarlier }), stops);
  return rule.rolls ? rolledToWorkingDay(calendar, end) : end;
}
