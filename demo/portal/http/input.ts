import { unprocessable, type ValidationIssue } from './errors.js';
import type { RouteCall } from './route.js';

/** A path parameter declared `int`. */
export function idParam(call: RouteCall, name: string): number {
  return integer(call.params[name] ?? '', ['path', name]);
}

/** A query parameter declared `int` with bounds, absent allowed. */
export function intQuery(call: RouteCall, name: string, fallback: number, min: number, max: number): number {
  const text = call.query.get(name);
  if (text === null) {
    return fallback;
  }
  const value = integer(text, ['query', name]);
  if (value < min) {
    throw unprocessable(issue('greater_than_equal', name, `Input should be greater than or equal to ${min}`, text));
  }
  if (value > max) {
    throw unprocessable(issue('less_than_equal', name, `Input should be less than or equal to ${max}`, text));
  }
  return value;
}

export function requiredQuery(call: RouteCall, name: string): string {
  const text = call.query.get(name);
  if (text === null) {
    throw unprocessable(issue('missing', name, 'Field required', null));
  }
  return text;
}

/** The JSON body, or FastAPI's 422 for one that is not JSON. */
export function jsonBody(call: RouteCall): unknown {
  const text = call.body.toString('utf8');
  if (text === '') {
    throw unprocessable({ type: 'missing', loc: ['body'], msg: 'Field required', input: null });
  }
  // FastAPI parses a body as JSON only when it is declared so; otherwise the validator sees the raw text.
  if (!/^application\/(json|[\w.-]+\+json)\b/.test(call.headers['content-type'] ?? '')) {
    return text;
  }
  try {
    return JSON.parse(text);
  } catch {
    throw unprocessable({ type: 'json_invalid', loc: ['body', 0], msg: 'JSON decode error', input: {} });
  }
}

function integer(text: string, loc: readonly string[]): number {
  if (!/^[+-]?\d{1,15}$/.test(text.trim())) {
    throw unprocessable({
      type: 'int_parsing',
      loc,
      msg: 'Input should be a valid integer, unable to parse string as an integer',
      input: text,
    });
  }
  return Number(text);
}

function issue(type: string, name: string, msg: string, input: unknown): ValidationIssue {
  return { type, loc: ['query', name], msg, input };
}
