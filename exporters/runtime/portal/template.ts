import type { Portal, Text } from '../../../pack/index.js';
import { hiddenIn } from '../../../pack/portal/path-readings.js';
import { WrittenNumber } from '../../../pack/reading/written-number.js';
import { SecretText } from '../../../pack/secrets/secret.js';
import { StepFailure } from './step-failure.js';

export type Variables = ReadonlyMap<string, Text>;

/** The values for a template: variables, and the function that reveals references. */
export interface Filling {
  readonly variables: Variables;
  readonly reveal: (secret: SecretText) => string;
}

type Encode = (value: string, name: string) => string;

/**
 * Fills `{name}` from the variables. Braces in a secret are part of it.
 *
 * @throws {StepFailure} `assertion`, when an earlier step did not give one.
 */
export function fill(template: Text, filling: Filling, encode: Encode = String): string {
  if (typeof template !== 'string') return filling.reveal(fillLiterals(template, filling));
  return template.replace(/\{([A-Za-z][A-Za-z0-9_]*)\}/g, (_, name: string) => encode(lookUp(name, filling), name));
}

/**
 * The same for a path. Whatever a portal answers, the value of a variable stays within its segment.
 *
 * @throws {StepFailure} `assertion`, when a server could read it as another route.
 */
export function fillPath(path: string, filling: Filling, portal: Pick<Portal, 'name' | 'allowEncodedSlashes'>): string {
  return fill(path, filling, (value, name) => {
    const refuse = (why: string) =>
      new StepFailure('assertion', `not sent: {${name}} ${why}, which leads to another route`);
    if (value === '') throw refuse('is empty');
    // A lone surrogate cannot be sent; its replacement character is refused.
    const encoded = encodeURIComponent(Buffer.from(value).toString());
    const hidden = hiddenIn(encoded);
    if (hidden?.isSlash === true && !portal.allowEncodedSlashes) {
      throw refuse(`holds a slash that portal '${portal.name}' does not allow (allowEncodedSlashes)`);
    }
    if (hidden !== undefined && !hidden.isSlash) throw refuse(`holds ${hidden.what}`);
    return encoded;
  });
}

/** The same for every string of a JSON value. A string that consists of one variable stays a string. */
export function fillDeep(value: unknown, filling: Filling): unknown {
  if (typeof value === 'string' || value instanceof SecretText) return fill(value, filling);
  if (Array.isArray(value)) return value.map((item: unknown) => fillDeep(item, filling));
  if (typeof value === 'object' && value !== null && !(value instanceof WrittenNumber)) {
    return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, fillDeep(item, filling)]));
  }
  return value;
}

function fillLiterals(template: SecretText, filling: Filling): SecretText {
  const { parts } = template;
  return new SecretText(
    parts.map((part) => (part.kind === 'text' ? { ...part, text: fill(part.text, filling) } : part)),
  );
}

function lookUp(name: string, { variables, reveal }: Filling): string {
  const value = variables.get(name);
  if (value === undefined)
    throw new StepFailure('assertion', `variable {${name}} has no value: no earlier step extracted it`);
  return typeof value === 'string' ? value : reveal(value);
}
