import { StepFailure } from '../runtime/portal/step-failure.js';

export type Variables = ReadonlyMap<string, string>;

type Encode = (value: string, name: string) => string;

/** Fills `{name}` from the variables. @throws {StepFailure} `assertion`, when an earlier step did not give one. */
export function fill(template: string, variables: Variables, encode: Encode = String): string {
  return template.replace(/\{([A-Za-z][A-Za-z0-9_]*)\}/g, (_, name: string) => encode(lookUp(name, variables), name));
}

/** The same in a path. Whatever a portal answers, a variable stays within its segment, and is one. */
export function fillPath(path: string, variables: Variables): string {
  return fill(path, variables, (value, name) => {
    if (/^\.{0,2}$/.test(value))
      throw new StepFailure('assertion', `{${name}} is "${value}", which leads to another route`);
    return encodeURIComponent(value);
  });
}

/** The same, in every string of a JSON value. A string that is one variable only stays a string. */
export function fillDeep(value: unknown, variables: Variables): unknown {
  if (typeof value === 'string') return fill(value, variables);
  if (Array.isArray(value)) return value.map((item: unknown) => fillDeep(item, variables));
  if (typeof value === 'object' && value !== null) {
    return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, fillDeep(item, variables)]));
  }
  return value;
}

function lookUp(name: string, variables: Variables): string {
  const value = variables.get(name);
  if (value === undefined)
    throw new StepFailure('assertion', `variable {${name}} has no value: no earlier step extracted it`);
  return value;
}
