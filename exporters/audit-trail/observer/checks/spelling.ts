/** Intervals and amounts of money are spelled as the writing session wants it: IntervalStyle, lc_monetary. */

/** `1 day 02:00:00`, `P1DT2H`, `@ 1 day 2 hours` and `1 2:00:00` are one interval; 24 hours are not a day. */
export function sameInterval(a: string, b: string): boolean {
  const left = interval(a);
  return left !== undefined && left === interval(b);
}

const NUMBER = String.raw`([+-]?\d+(?:\.\d+)?)`;
const CLOCK = String.raw`(?:([+-]?)(\d+):(\d\d):(\d\d(?:\.\d+)?))?`;
const unit = (name: string) => `(?:${NUMBER} ${name}s? ?)?`;

/** `iso_8601`. */
const ISO = new RegExp(
  `^P(?:${NUMBER}Y)?(?:${NUMBER}M)?(?:${NUMBER}D)?(?:T(?:${NUMBER}H)?(?:${NUMBER}M)?(?:${NUMBER}S)?)?$`,
);
/** `postgres`, which ends in a clock, and `postgres_verbose`, whose `ago` turns the sign of all. */
const WORDS = new RegExp(
  `^(?:@ )?(?:0$)?${['year', 'mon', 'day', 'hour', 'min', 'sec'].map(unit).join('')}${CLOCK}(ago)?$`,
);
/** `sql_standard`: years and months, days, a clock; what has no sign has that of the first. */
const STANDARD = new RegExp(String.raw`^(?:([+-]?)(\d+)-(\d+))?(?:(?:^| )([+-]?)(\d+)(?= |$))?(?:(?:^| )${CLOCK})?$`);

/** Months, days and microseconds, which is what PostgreSQL keeps; undefined when it is none. */
function interval(text: string): string | undefined {
  if (!/\d/.test(text)) return undefined;
  const iso = ISO.exec(text);
  if (iso !== null) return parts(iso.slice(1));
  const words = WORDS.exec(text);
  if (words !== null) {
    const [sign, hours, minutes, seconds, ago] = words.slice(7);
    const clock = [hours, minutes, seconds].map((value) => value && `${sign}${value}`);
    const units = words.slice(1, 7).map((value, index) => value ?? clock[index - 3]);
    return parts(units, ago === undefined ? 1n : -1n);
  }
  const standard = STANDARD.exec(text);
  if (standard === null) return undefined;
  const [sign, years, months, ownSign, days, clockSign, ...clock] = standard.slice(1);
  const first = sign || ownSign || clockSign || '';
  const signed = (value: string | undefined, own: string | undefined) => value && `${own || first}${value}`;
  return parts([
    signed(years, sign),
    signed(months, sign),
    signed(days, ownSign),
    ...clock.map((value) => signed(value, clockSign)),
  ]);
}

function parts(texts: readonly (string | undefined)[], sign = 1n): string {
  const [years, months, days, hours, minutes, seconds] = texts.map((text) => micros(text ?? '0') * sign);
  const all = [
    (years ?? 0n) * 12n + (months ?? 0n),
    days,
    ((hours ?? 0n) * 60n + (minutes ?? 0n)) * 60n + (seconds ?? 0n),
  ];
  return all.join(' ');
}

/** Millionths of it, because seconds have six decimal places and nothing else has any. */
function micros(text: string): bigint {
  const [, sign = '', whole = '0', fraction = ''] = /^([+-]?)(\d+)(?:\.(\d+))?$/.exec(text) ?? [];
  const value = BigInt(`${whole}${fraction.slice(0, 6).padEnd(6, '0')}`);
  return sign === '-' ? -value : value;
}

/**
 * `$1,234.50` and `1.234,50 €` are one amount: whatever the locale, PostgreSQL writes every digit of the whole number that
 * it keeps, and puts in signs and separators.
 */
export function sameMoney(a: string, b: string): boolean {
  const left = money(a);
  return left !== undefined && left === money(b);
}

function money(text: string): string | undefined {
  const digits = text.replaceAll(/\D/g, '').replace(/^0+(?=\d)/, '');
  if (digits === '') return undefined;
  return `${digits !== '0' && /[-\u2212(]/.test(text) ? '-' : ''}${digits}`;
}
