/**
 * Bounds the time that an operator's regular expressions take, with V8's own linear engine (Node 20 to 24 have it):
 * a pattern that backtracks too much is handed over to it, and a flag tells which patterns it can take.
 */
import { setFlagsFromString } from 'node:v8';

setFlagsFromString('--enable-experimental-regexp-engine-on-excessive-backtracks');
setFlagsFromString('--enable-experimental-regexp-engine');

/** The linear engine writes a repeated part out, and gives up above this many copies. */
const MAX_COPIES = 16;
/** Longer patterns would be made of a short one. */
const MAX_COUNT = 1000;

/** A later engine may name its flag otherwise; then the watch over the measuring threads is what is left. */
const canTell = accepts('a');

/**
 * @param pattern without flags.
 * @throws {SyntaxError} when it is no regular expression.
 */
export function linearRegExp(pattern: string): RegExp {
  return new RegExp(unrolled(pattern));
}

/** @returns false for a pattern that can only backtrack, and may hold its thread for ever. */
export function isLinear(pattern: string): boolean {
  return !canTell || accepts(unrolled(pattern));
}

/** One piece at a time, so that an escaped brace is not taken for a count: escape, class, or any other character. */
const pieces =
  /(\\(?:u[0-9a-fA-F]{4}|x[0-9a-fA-F]{2}|c[A-Za-z]|.)|\[(?:\\.|[^\]\\])*\]|.)(?:\{(\d+)(,(\d*))?\}(\??))?/gs;

/** `[0-9a-f]{32}` as `[0-9a-f]{16}[0-9a-f]{16}`, which matches the same. Groups stay: their captures would differ. */
function unrolled(pattern: string): string {
  return pattern.replace(pieces, (all, atom: string, least?: string, range?: string, most?: string, lazy = '') => {
    if (least === undefined || /^(?:[()|^$*+?{}]|\\[bB1-9k])/.test(atom)) return all;
    const min = Number(least);
    const max = range === undefined ? min : most === '' || most === undefined ? undefined : Number(most);
    if (Math.max(min, max ?? 0) <= MAX_COPIES || Math.max(min, max ?? 0) > MAX_COUNT) return all;
    const open = max === undefined ? `${atom}*${lazy}` : '';
    return (
      repeated(atom, min, (count) => `{${count}}`) + repeated(atom, (max ?? min) - min, (n) => `{0,${n}}${lazy}`) + open
    );
  });
}

function repeated(atom: string, count: number, quantifier: (count: number) => string): string {
  const last = count % MAX_COPIES;
  return (
    `${atom}${quantifier(MAX_COPIES)}`.repeat(Math.floor(count / MAX_COPIES)) +
    (last === 0 ? '' : `${atom}${quantifier(last)}`)
  );
}

function accepts(pattern: string): boolean {
  try {
    new RegExp(pattern, 'l');
    return true;
  } catch {
    return false;
  }
}
