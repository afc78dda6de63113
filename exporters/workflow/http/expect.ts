import { compileJsonPath } from '../../../pack/reading/json-path.js';
import { type LinearRegExp, linearRegExp } from '../../../pack/reading/linear-regex.js';
import type { Expectation, JsonCondition } from '../../../pack/workflow/model.js';
import { asJson } from '../../runtime/portal/as-json.js';
import { StepFailure } from '../../runtime/portal/step-failure.js';
import type { Reading } from './reading.js';

type Check = (reading: Reading) => void;

const SECONDS_PER_DAY = 86_400;

/**
 * Compiles an expectation once, so that a run pays only for the check.
 *
 * @returns a function that throws the first {@link StepFailure}. It never quotes the answer, which may hold a
 * client's data: it names the condition.
 */
export function compileExpectation(expect: Expectation): Check {
  const checks: Check[] = [
    (reading) => {
      if (expect.status.some(({ min, max }) => reading.status >= min && reading.status <= max)) return;
      throw new StepFailure('status', `status ${reading.status}, expected ${expect.status.map(showRange).join(', ')}`);
    },
  ];
  const add = (holds: (reading: Reading) => boolean, otherwise: (reading: Reading) => string) =>
    checks.push((reading) => {
      if (!holds(reading)) throw new StepFailure('assertion', otherwise(reading));
    });

  const { contentType, minBytes, maxBytes, certificateDaysLeft } = expect;
  if (contentType !== undefined) {
    add(
      (reading) => mediaType(reading) === contentType.toLowerCase(),
      (reading) => `content type ${mediaType(reading)}, expected ${contentType}`,
    );
  }
  if (minBytes !== undefined)
    add(
      (r) => r.bytes >= minBytes,
      (r) => `${r.bytes} bytes, expected at least ${minBytes}`,
    );
  if (maxBytes !== undefined)
    add(
      (r) => r.bytes <= maxBytes,
      (r) => `${r.bytes} bytes, expected at most ${maxBytes}`,
    );
  for (const [name, { matches }] of Object.entries(expect.headers)) {
    const pattern = linearRegExp(matches);
    add(
      (r) => pattern.test(r.header(name) ?? ''),
      () => `header ${name} does not match ${matches}`,
    );
  }
  for (const source of expect.bodyMatches) {
    const pattern = linearRegExp(source);
    add(
      (r) => pattern.test(r.text),
      () => `the body does not match ${source}`,
    );
  }
  for (const source of expect.bodyNotMatches) {
    const pattern = linearRegExp(source);
    add(
      (r) => !pattern.test(r.text),
      () => `the body matches ${source}`,
    );
  }
  if (certificateDaysLeft !== undefined) {
    checks.push((reading) => {
      if (reading.certificateExpirySeconds === undefined)
        throw new StepFailure('tls', 'there is no certificate: the answer came without TLS');
      const days = (reading.certificateExpirySeconds - Date.now() / 1000) / SECONDS_PER_DAY;
      if (days < certificateDaysLeft) {
        throw new StepFailure(
          'tls',
          `the certificate expires in ${days.toFixed(1)} days, expected at least ${certificateDaysLeft}`,
        );
      }
    });
  }
  for (const condition of expect.json) checks.push(jsonCheck(condition));
  return (reading) => {
    for (const check of checks) check(reading);
  };
}

function jsonCheck(condition: JsonCondition): Check {
  const query = compileJsonPath(condition.path);
  const pattern = condition.matches === undefined ? undefined : linearRegExp(condition.matches);
  return (reading) => {
    const { nodes } = query.query(asJson(reading.json()));
    const { path } = condition;
    if (condition.exists === false) {
      if (nodes.length > 0) throw new StepFailure('assertion', `${path} is there, and should not be`);
      return;
    }
    if (nodes.length === 0) throw new StepFailure('assertion', `${path} is missing`);
    for (const { value, location } of nodes) {
      const digits = () => (typeof value === 'number' ? reading.digits(location) : undefined);
      const wrong = whatIsWrong(value, condition, pattern, digits);
      if (wrong !== undefined) throw new StepFailure('assertion', `${path} ${wrong}`);
    }
  };
}

function whatIsWrong(
  value: unknown,
  condition: JsonCondition,
  pattern: LinearRegExp | undefined,
  digits: () => string | undefined,
): string | undefined {
  const { equals, oneOf, type, min, max, minItems, maxItems } = condition;
  if (equals !== undefined && !isSame(value, equals, digits)) return `is not ${JSON.stringify(equals)}`;
  if (oneOf !== undefined && !oneOf.some((item) => isSame(value, item, digits)))
    return `is none of ${JSON.stringify(oneOf)}`;
  if (type !== undefined && typeOf(value) !== type) return `is of type ${typeOf(value)}, not ${type}`;
  if (min !== undefined && !(toNumber(value) >= min)) return `is not a number of at least ${min}`;
  if (max !== undefined && !(toNumber(value) <= max)) return `is not a number of at most ${max}`;
  if (pattern !== undefined && !(typeof value === 'string' && pattern.test(value)))
    return `does not match ${pattern.source}`;
  if (minItems !== undefined && !(Array.isArray(value) && value.length >= minItems))
    return `has not at least ${minItems} items`;
  if (maxItems !== undefined && !(Array.isArray(value) && value.length <= maxItems))
    return `has not at most ${maxItems} items`;
  return undefined;
}

/** In pack.yaml, a number that is too long for JavaScript is written as a text. */
function isSame(value: unknown, expected: unknown, digits: () => string | undefined): boolean {
  if (typeof value === 'number' && typeof expected === 'string' && expected.length > 15) return digits() === expected;
  return value === expected;
}

/** Kingston's portal prints decimals as strings. */
function toNumber(value: unknown): number {
  if (typeof value === 'number') return value;
  return typeof value === 'string' && value.trim() !== '' ? Number(value) : Number.NaN;
}

function typeOf(value: unknown): string {
  if (value === null) return 'null';
  return Array.isArray(value) ? 'array' : typeof value;
}

function mediaType(reading: Reading): string {
  return (reading.header('content-type') ?? 'none').split(';')[0]?.trim().toLowerCase() ?? 'none';
}

function showRange({ min, max }: { min: number; max: number }): string {
  return min === max ? String(min) : `${min}-${max}`;
}
