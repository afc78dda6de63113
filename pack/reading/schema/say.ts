/**
 * How a schema states what it expects. A message that begins with `expected ` becomes the `expected` part of a problem;
 * any other message is used as it is.
 */
import { z } from 'zod';

export function expected(what: string): string {
  return `expected ${what}`;
}

/** A map with known keys only; the message for an unknown key lists the known ones. */
export function section<Shape extends z.core.$ZodLooseShape>(
  shape: Shape,
  noun = 'a map',
): z.ZodObject<Shape, z.core.$strict> {
  const keys = Object.keys(shape).join(', ');
  return z.strictObject(shape, {
    error: (issue) => expected(issue.code === 'unrecognized_keys' ? `one of ${keys}` : noun),
  });
}

/** A map whose keys are names that the operator chooses. */
export function named<Value extends z.ZodType>(
  value: Value,
  noun: string,
  key: z.ZodString = name(),
): z.ZodRecord<z.ZodString, Value> {
  return z.record(key, value, { error: expected(`a map of ${noun} by name`) });
}

/** The grammar of every name that becomes a label or a file name. */
export function name(): z.ZodString {
  return z
    .string({ error: expected('a name') })
    .regex(/^[a-z][a-z0-9-]*$/, {
      error: expected('a name of lower-case letters, digits and hyphens, such as client-list'),
    })
    .max(63, { error: expected('a name of at most 63 characters') });
}

export function text(): z.ZodString {
  return z.string({ error: expected('a text') }).min(1, { error: expected('a text that is not empty') });
}

/** A longer number has already lost digits when it is parsed: `9007199254740993` is read as `9007199254740992`. */
export function exactNumber(): z.ZodNumber {
  return z
    .number({ error: expected('a number') })
    .refine((value) => !Number.isInteger(value) || Number.isSafeInteger(value), {
      error: expected('a number of at most 15 digits; put a longer one in quotes, and it keeps them'),
    });
}

export function flag(): z.ZodBoolean {
  return z.boolean({ error: expected('true or false') });
}

/** A whole number between two bounds, both allowed. */
export function count(minimum: number, maximum: number): z.ZodNumber {
  const error = expected(`a whole number from ${minimum} to ${maximum}`);
  return z.number({ error }).int({ error }).min(minimum, { error }).max(maximum, { error });
}

export function oneOf<const Values extends readonly string[]>(
  values: Values,
): z.ZodEnum<{ [Value in Values[number]]: Value }> {
  return z.enum(values, { error: expected(`one of ${values.join(', ')}`) });
}

/** A list whose message names what it holds. */
export function list<Item extends z.ZodType>(item: Item, nouns: string): z.ZodArray<Item> {
  return z.array(item, { error: expected(`a list of ${nouns}`) });
}

export function isoDate() {
  const form = 'a day such as 2024-04-01';
  return z
    .string({ error: expected(form) })
    .refine(
      (written) =>
        /^\d{4}-\d\d-\d\d$/.test(written) &&
        !Number.isNaN(Date.parse(written)) &&
        new Date(written).toISOString().startsWith(written),
      { error: expected(form) },
    );
}
