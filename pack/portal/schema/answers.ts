/** Answers of a portal: which statuses, and which pages. */
import { z } from 'zod';
import { expected } from '../../reading/schema/say.js';
import { page } from './requests.js';

const statusForms = 'a status such as 200, 2xx, 200-299 or a list of them';

const status = z.union(
  [
    z.number({ error: expected(statusForms) }).meta({ minimum: 100, maximum: 599 }),
    z.string({ error: expected(statusForms) }).meta({ pattern: '^[1-5](xx|\\d\\d(-[1-5]\\d\\d)?)$' }),
  ],
  { error: expected(statusForms) },
);

/** Ranges of statuses, both bounds included. */
export const statuses = z
  .union([status, z.array(status).min(1, { error: expected(statusForms) })], { error: expected(statusForms) })
  .transform((written, context) =>
    [written].flat().map((one, index) => {
      const range = statusRange(String(one));
      if (range === undefined) {
        context.addIssue({
          code: 'custom',
          message: expected(statusForms),
          path: Array.isArray(written) ? [index] : [],
        });
        return z.NEVER;
      }
      return range;
    }),
  );

function statusRange(written: string): { readonly min: number; readonly max: number } | undefined {
  const match = /^(?:(?<only>[1-5]\d\d)|(?<hundreds>[1-5])xx|(?<from>[1-5]\d\d)-(?<to>[1-5]\d\d))$/.exec(
    written,
  )?.groups;
  if (match === undefined) {
    return undefined;
  }
  const { only, hundreds, from, to } = match;
  const range =
    hundreds === undefined
      ? { min: Number(only ?? from), max: Number(only ?? to) }
      : { min: Number(hundreds) * 100, max: Number(hundreds) * 100 + 99 };
  return range.min <= range.max ? range : undefined;
}

/** One page or a list of them. */
export const pages = () => {
  const error = expected('a page such as /login, or a list of pages');
  return z.union([page(), z.array(page(), { error })], { error }).transform((written) => [written].flat());
};
