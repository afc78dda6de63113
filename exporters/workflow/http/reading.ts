import type { IncomingHttpHeaders } from 'node:http';
import { parseBoundedJson } from '../../runtime/portal/json-size.js';
import { StepFailure } from '../../runtime/portal/step-failure.js';
import { decodedText, jsonTextOf } from './charset.js';
import { Digits } from './digits.js';

/** What a step's conditions and extractions read: the answer at the end of its redirects. */
export interface Reading {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly text: string;
  readonly bytes: number;
  readonly certificateExpirySeconds: number | undefined;
  /** Parsed once, when it is first needed. @throws {StepFailure} `assertion` when it is not JSON. */
  json(): unknown;
  /** A long number of the JSON as it was written; undefined for a number that JavaScript cannot have changed. */
  digits(location: readonly (string | number)[]): string | undefined;
  header(name: string): string | undefined;
  cookie(name: string): string | undefined;
}

export function readingOf(
  answer: { status: number; headers: IncomingHttpHeaders; body: Buffer; certificateExpirySeconds: number | undefined },
  cookie: (name: string) => string | undefined,
): Reading {
  let text: string | undefined;
  let jsonText: string | undefined;
  let digits: Digits | undefined;
  let json: { readonly value: unknown } | undefined;
  return {
    status: answer.status,
    headers: answer.headers,
    bytes: answer.body.length,
    certificateExpirySeconds: answer.certificateExpirySeconds,
    get text() {
      text ??= decodedText(answer.body, answer.headers['content-type']);
      return text;
    },
    json() {
      jsonText ??= jsonTextOf(answer.body, answer.headers['content-type']);
      json ??= { value: parse(jsonText) };
      return json.value;
    },
    digits(location) {
      this.json();
      digits ??= new Digits(jsonText ?? '');
      return digits.at(location);
    },
    header(name) {
      const value = answer.headers[name.toLowerCase()];
      return Array.isArray(value) ? value.join(', ') : value;
    },
    cookie,
  };
}

function parse(text: string): unknown {
  try {
    return parseBoundedJson(text);
  } catch (cause) {
    if (cause instanceof StepFailure) throw cause;
    throw new StepFailure('assertion', 'the answer is not JSON', { cause });
  }
}
