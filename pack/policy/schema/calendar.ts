import { z } from 'zod';
import { expected, oneOf, section, text } from '../../reading/schema/say.js';

const weekdays = ['Monday', 'Tuesday', 'Wednesday', 'Thursday', 'Friday', 'Saturday', 'Sunday'];
const weekdayForms = 'weekdays such as Monday-Friday or [Monday, Thursday]';

/** ISO numbers, 1 = Monday; undefined when a word is not a weekday. */
function weekdayNumbers(written: string): readonly number[] | undefined {
  const [from, to = from, ...rest] = written.split('-').map((word) => weekdays.indexOf(word.trim()) + 1);
  if (from === undefined || to === undefined || from === 0 || to === 0 || rest.length > 0) {
    return undefined;
  }
  const length = ((to - from + 7) % 7) + 1;
  return Array.from({ length }, (_, day) => ((from - 1 + day) % 7) + 1);
}

const open = z
  .union(
    [
      z.string({ error: expected(weekdayForms) }),
      z.array(z.string({ error: expected(weekdayForms) })).min(1, { error: expected(weekdayForms) }),
    ],
    { error: expected(weekdayForms) },
  )
  .transform((written, context) => {
    const numbers = [written].flat().flatMap((word, index) => {
      const days = weekdayNumbers(word);
      if (days === undefined) {
        context.addIssue({
          code: 'custom',
          message: expected(weekdayForms),
          path: Array.isArray(written) ? [index] : [],
        });
        return [];
      }
      return days;
    });
    return [...new Set(numbers)].sort();
  });

const hoursForm = 'hours such as 08:00-18:00, or 22:00-06:00 over midnight';

const hours = z
  .string({ error: expected(hoursForm) })
  .regex(/^\d\d:\d\d-\d\d:\d\d$/, { error: expected(hoursForm) })
  .transform((written, context) => {
    const [opens, closes] = written.split('-').map(minuteOfDay);
    if (opens === undefined || closes === undefined || opens === 24 * 60) {
      context.addIssue({ code: 'custom', message: expected(hoursForm) });
      return z.NEVER;
    }
    // Equal times are ambiguous: the whole day or no time at all.
    if (opens === closes) {
      context.addIssue({ code: 'custom', message: expected(`${hoursForm}; the whole day is 00:00-24:00`) });
      return z.NEVER;
    }
    return { opens, closes };
  });

function minuteOfDay(written: string): number | undefined {
  const [hour = Number.NaN, minute = Number.NaN] = written.split(':').map(Number);
  const total = hour * 60 + minute;
  return minute < 60 && total <= 24 * 60 ? total : undefined;
}

function isTimeZone(zone: string): boolean {
  try {
    new Intl.DateTimeFormat('en', { timeZone: zone });
    // An offset such as +01:00 is accepted too, and would be wrong for half of the year.
    return !/^[+-]/.test(zone);
  } catch {
    return false;
  }
}

function isRealDate(written: string): boolean {
  const date = new Date(`${written}T00:00:00Z`);
  return /^\d{4}-\d\d-\d\d$/.test(written) && !Number.isNaN(date.getTime()) && date.toISOString().startsWith(written);
}

export const calendar = section({
  timeZone: text()
    .refine(isTimeZone, { error: expected('an IANA time zone such as Europe/London') })
    .describe('IANA time zone, such as Europe/London.'),
  weekdays: open.describe('Open days: Monday-Friday, or a list.'),
  hours: hours.describe(
    'Open hours in that time zone, such as 08:00-18:00; the end is not included. Over midnight, as in 22:00-06:00, they belong to the day on which they begin, its weekday, holiday and override.',
  ),
  holidays: text()
    .exactOptional()
    .describe(
      'A shipped table of bank holidays on which it is closed: england-and-wales, scotland or northern-ireland.',
    ),
  overrides: z
    .record(
      z.string().refine(isRealDate, { error: expected('a real date such as 2026-12-24') }),
      oneOf(['open', 'closed']),
      {
        error: expected('a map of dates to open or closed'),
      },
    )
    .prefault({})
    .describe(
      'Single days that are open (during the hours) or closed; they take precedence over weekdays and holidays.',
    ),
});

export type ParsedCalendar = z.output<typeof calendar>;
