import { validateHeaderValue } from 'node:http';
import type { Portal, SecretText } from '../../../pack/index.js';
import { StepFailure } from './step-failure.js';
import { type Filling, fill } from './template.js';

/** Headers as they are sent: lower-case names, filled values. */
export function filledHeaders(headers: Portal['headers'], filling: Filling): Record<string, string> {
  return Object.fromEntries(
    Object.entries(headers).map(([name, value]) => [name.toLowerCase(), sendable(name, fill(value, filling))]),
  );
}

/** Headers for every request to the portal: a gateway that requires a key requires it for the login too. */
export function portalHeaders(
  { headers, variables }: Portal,
  reveal: (secret: SecretText) => string,
): Record<string, string> {
  return filledHeaders(headers, { variables: new Map(Object.entries(variables)), reveal });
}

/** A line break in the value would begin another header. @throws {StepFailure} which does not quote the value. */
function sendable(name: string, value: string): string {
  try {
    validateHeaderValue(name, value);
    return value;
  } catch (cause) {
    throw new StepFailure('assertion', `the value for header ${name.toLowerCase()} holds what no header can carry`, {
      cause,
    });
  }
}
