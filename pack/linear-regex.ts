/**
 * Bounds the time that an operator's regular expressions take, with V8's own linear engine (Node 20 to 24 have it):
 * a pattern that backtracks too much is handed over to it, and a flag tells which patterns it can take.
 */
import { setFlagsFromString } from 'node:v8';

setFlagsFromString('--enable-experimental-regexp-engine-on-excessive-backtracks');
setFlagsFromString('--enable-experimental-regexp-engine');

/** A later engine may name its flag otherwise; then the watch over the measuring threads is what is left. */
const canTell = accepts('a');

/** @returns false for a pattern that can only backtrack. */
export function isLinear(pattern: string): boolean {
  return !canTell || accepts(pattern);
}

function accepts(pattern: string): boolean {
  try {
    new RegExp(pattern, 'l');
    return true;
  } catch {
    return false;
  }
}
