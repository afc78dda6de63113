import { createHash } from 'node:crypto';
import { literal } from '../../runtime/postgres/quote.js';

/**
 * A buggy writer may have put anything in the place of a version, so one that does not count upwards is not kept, but
 * so much of its hash as tells names of versions apart: with 24 bits, one wrong name in a million passes for one of ten
 * right ones, and what was hashed is one of very many candidates.
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
