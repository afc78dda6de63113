import type { Layout } from './layout.js';
import type { Problem } from './problems.js';
import { shownLine, shownUpTo } from './shown.js';

const widest = 100;

export interface Excerpt {
  readonly line: number;
  readonly text: string;
  /** 0-based column of the caret in `text`. */
  readonly caret: number;
}

/** The line of a problem, safe for a terminal; undefined if there is none or if it may hold a secret. */
export function excerptOf(problem: Problem, fileText: string, layout: Layout): Excerpt | undefined {
  const lines = fileText.split(/\r?\n/);
  const written = lines[problem.line - 1];
  // A pipe can be read only once.
  if (written === undefined || fileText === '' || problem.confidential) return undefined;
  const line = problem.keyOnly
    ? shownUpTo(written, problem.column - 1, problem.key, layout.secrets)
    : shownLine(lines, problem.line - 1, problem.key, layout);
  if (line === undefined) return undefined;
  // One character for each, so that the caret stays in its column, and no control sequence reaches the terminal.
  const visible = [...line].map((character) => (/\p{Cc}/u.test(character) ? ' ' : character)).join('');
  const column = problem.column - 1;
  const start = column < widest ? 0 : column - widest / 2;
  return { line: problem.line, text: visible.slice(start, start + widest).trimEnd(), caret: column - start };
}
