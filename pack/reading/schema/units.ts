/** Quantities as people write them. Each schema accepts a text and returns a number in one base unit. */
import { z } from 'zod';
import { expected } from './say.js';

const millisecondsIn: Readonly<Record<string, number>> = { ms: 1, s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000 };

const bytesIn: Readonly<Record<string, number>> = {
  B: 1,
  kB: 1000,
  KB: 1000,
  MB: 1000 ** 2,
  GB: 1000 ** 3,
  KiB: 1024,
  MiB: 1024 ** 2,
  GiB: 1024 ** 3,
};

function quantity(units: Readonly<Record<string, number>>, what: string, whole: boolean) {
  const pattern = new RegExp(`^(\\d+(?:\\.\\d+)?)(${Object.keys(units).join('|')})$`);
  const error = expected(what);
  return z
    .string({ error })
    .regex(pattern, { error })
    .transform((written, context) => {
      const [, amount, unit] = pattern.exec(written) ?? [];
      const product = Number(amount) * (units[unit ?? ''] ?? Number.NaN);
      // 1.1s is 1100.0000000000002 in binary; the operator means 1100.
      const value = whole ? Math.round(product) : Number(product.toPrecision(15));
      if (!(value > 0) || !Number.isSafeInteger(Math.ceil(value))) {
        context.addIssue({ code: 'custom', message: expected(`${what}, more than zero`) });
        return z.NEVER;
      }
      return value;
    });
}

/** Milliseconds, from `250ms`, `1.5s`, `15m`, `2h` or `30d`. A bare number is refused, because its unit is unknown. */
export function duration() {
  return quantity(millisecondsIn, 'a duration such as 1.5s', false);
}

/** Node's timers support at most 24 days, and fire at once for a longer time. */
const longestWaitMs = 86_400_000;

/** Milliseconds between two starts of something. */
export function interval() {
  return duration()
    .refine((milliseconds) => milliseconds >= 1000, { error: expected('an interval of at least 1s') })
    .refine((milliseconds) => milliseconds <= longestWaitMs, { error: expected('an interval of at most 1d') });
}

/** A time-out in milliseconds. */
export function timeout() {
  return duration().refine((milliseconds) => milliseconds <= longestWaitMs, {
    error: expected('a time-out of at most 1d'),
  });
}

/** A duration that PromQL can express: without fractions of a second. In milliseconds. */
export function wholeSeconds() {
  return multipleOf(1000, 'a whole number of seconds, such as 90s');
}

/** Milliseconds, a multiple of some unit. */
export function multipleOf(unitMs: number, what: string) {
  return duration().refine((milliseconds) => milliseconds % unitMs === 0, { error: expected(what) });
}

/**
 * Whole days, from `2555d` or `7y`. A year has 365 days, as in the portal's own rules; to include leap days, write
 * days.
 */
export function days(longest: number) {
  return quantity({ d: 1, y: 365 }, 'a time such as 90d or 7y', false).refine(
    (amount) => Number.isInteger(amount) && amount <= longest,
    { error: expected(`whole days, at most ${longest}d`) },
  );
}

/** Bytes, from `512B`, `64KiB` or `1MB`. */
export function size() {
  return quantity(bytesIn, 'a size such as 64KiB', true);
}

/** A share, 0..1, from `99.95%` or `0.9995`. */
export function ratio() {
  const error = expected('a share such as 99.95% or 0.9995');
  const pattern = /^(\d+(?:\.\d+)?)%$/;
  return z
    .union([z.string({ error }).regex(pattern, { error }), z.number({ error }).meta({ minimum: 0, maximum: 1 })], {
      error,
    })
    .transform((written, context) => {
      const value =
        typeof written === 'number' ? written : Number((Number(pattern.exec(written)?.[1]) / 100).toPrecision(15));
      if (!(value >= 0 && value <= 1)) {
        context.addIssue({ code: 'custom', message: expected('a share from 0% to 100%') });
        return z.NEVER;
      }
      return value;
    });
}
