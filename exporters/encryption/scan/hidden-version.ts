import { createHash } from 'node:crypto';
import { literal } from '../../runtime/postgres/quote.js';

/**
 * A faulty writer may have written any value in place of a version. So a version that is not a number is not stored;
 * only part of its hash is, which is enough to distinguish names of versions: with 24 bits, one wrong name in a million
 * matches one of ten right ones, and the original value cannot be derived.
 */
const PREFIX = 'hash:';
const HEX_DIGITS = 6;

export function hiddenVersion(version: string, seed: string): string {
  const digest = createHash('sha256').update(`${seed} ${version}`, 'utf8').digest('hex');
  return PREFIX + digest.slice(0, HEX_DIGITS);
}

export function isHidden(version: string): boolean {
  return version.startsWith(PREFIX);
}

/** The same as SQL. */
export function hiddenVersionSql(version: string, seed: string): string {
  const hashed = `sha256(convert_to(${literal(`${seed} `)} || ${version}, 'UTF8'))`;
  return `${literal(PREFIX)} || left(encode(${hashed}, 'hex'), ${HEX_DIGITS})`;
}
