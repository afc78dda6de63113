/**
 * Settings that change how values become text. The recording functions write images under them, and the observer reads
 * live rows under them: where one side spells a value differently from the other, each row that holds such a value looks
 * like a change without a record. So both take them from here.
 *
 * `IntervalStyle` is PostgreSQL's own default, because trails that were not made by us seldom pin it. The seal has a list
 * of its own: that one is part of a published format.
 */
export const textSettings = {
  TimeZone: 'UTC',
  DateStyle: 'ISO, YMD',
  IntervalStyle: 'postgres',
  extra_float_digits: '1',
  bytea_output: 'hex',
  lc_monetary: 'C',
} as const;
