import { compileJsonPath } from '../../../../pack/reading/json-path.js';
import { asJson } from '../as-json.js';
import { parseBoundedJson } from '../json-size.js';
import { LoginRefused } from './grant.js';

/**
 * The first text at an RFC 9535 path. @throws {LoginRefused} when the answer is not JSON; the answer is never quoted.
 */
export function jsonAt(text: string, path: string): string | undefined {
  let value: unknown;
  try {
    value = compileJsonPath(path)
      .query(asJson(parseBoundedJson(text)))
      .values()[0];
  } catch (cause) {
    throw new LoginRefused('auth', 'the login answered 2xx but not with JSON', { cause });
  }
  return typeof value === 'string' ? value : undefined;
}
