import type { Problem } from './problems.js';
import { isSensitiveName } from './secret-shapes.js';

const widest = 100;

export interface Excerpt {
  readonly line: number;
  readonly text: string;
  /** 0-based column of the caret in `text`. */
  readonly caret: number;
}

/** The line that a problem speaks of, fit for a terminal; undefined where it has none or may hold a secret. */
export function excerpt(problem: Problem, fileText: string): Excerpt | undefined {
  const line = fileText.split(/\r?\n/)[problem.line - 1];
  if (line === undefined || problem.confidential || holdsSecret(line)) {
    return undefined;
  }
  // One character for one, so that the caret stays under its place; and no control sequence reaches the terminal.
  const visible = [...line].map((character) => (/\p{Cc}/u.test(character) ? ' ' : character)).join('');
  const column = problem.column - 1;
  const start = column < widest ? 0 : column - widest / 2;
  return { line: problem.line, text: visible.slice(start, start + widest).trimEnd(), caret: column - start };
}

/** A line with a syntax error has no key path yet, so its words decide. */
function holdsSecret(line: string): boolean {
  if (/:\/\/[^/\s]*@/.test(line)) {
    return true;
  }
  return [...line.matchAll(/([\w-]+)['"]?\s*:\s*([^\s,}]+)/g)].some(
    ([, key = '', value = '']) => isSensitiveName(key) && !value.startsWith('{') && !/^["']?\$\{/.test(value),
  );
}
