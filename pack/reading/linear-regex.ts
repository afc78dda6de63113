/**
 * Bounds the time that an operator's regular expressions take, with V8's linear engine (in Node 20 to 24): a pattern
 * that backtracks too much is run by it. Which patterns it supports is decided here and not by the engine, because
 * newer versions support more (lookbehind, for example), and a description that is valid on one Node must be valid on
 * all.
 */
import { setFlagsFromString } from 'node:v8';
import { type AST, RegExpParser, RegExpSyntaxError, visitRegExpAST } from '@eslint-community/regexpp';

setFlagsFromString('--enable-experimental-regexp-engine-on-excessive-backtracks');
setFlagsFromString('--enable-experimental-regexp-engine');

/** The linear engine expands a repeated part, and fails above this many copies; nested repetitions multiply. */
const MAX_COPIES = 16;
/** Limit for the expanded pattern: a short pattern can expand to a very long one. */
const MAX_COUNT = 1000;
/** More than any real pattern needs, and short enough that nesting cannot exhaust the stack. */
const MAX_LENGTH = 2000;

/** The syntax of Node 20, the oldest supported version: no `(?i:...)`, and no two groups with the same name. */
const parser = new RegExpParser({ ecmaVersion: 2024 });

/**
 * @param pattern without flags.
 * @param flags `s`, for a pattern in which the dot stands for a line end, too.
 * @throws {SyntaxError} when it is not a regular expression, or one that only some versions of Node support.
 */
export function linearRegExp(pattern: string, flags: '' | 's' = ''): RegExp {
  return new RegExp(unrolled(parse(pattern)), flags);
}

/**
 * @returns false for a pattern that can only backtrack, and may block its thread for ever.
 * @throws {SyntaxError} as `linearRegExp`.
 */
export function isLinear(pattern: string): boolean {
  // Checked on the pattern that runs: expanding a large count makes it acceptable to the engine.
  const parsed = parse(unrolled(parse(pattern)));
  return !backtracks(parsed) && copies(parsed) <= MAX_COPIES;
}

function parse(pattern: string): AST.Pattern {
  if (pattern.length > MAX_LENGTH) throw new SyntaxError(`longer than ${MAX_LENGTH} characters`);
  try {
    return parser.parsePattern(pattern);
  } catch (error) {
    if (!(error instanceof RegExpSyntaxError)) throw error;
    throw new SyntaxError(error.message.replace(/^Invalid regular expression: /, ''));
  }
}

function backtracks(pattern: AST.Pattern): boolean {
  let found = false;
  const find = () => {
    found = true;
  };
  visitRegExpAST(pattern, {
    onBackreferenceEnter: find,
    onAssertionEnter: ({ kind }) => {
      found ||= kind === 'lookahead' || kind === 'lookbehind';
    },
  });
  return found;
}

/** How many copies the engine would make of the part that it expands most. */
function copies(node: AST.Pattern | AST.Alternative | AST.Element): number {
  switch (node.type) {
    case 'Quantifier': {
      const own = node.max === Number.POSITIVE_INFINITY ? node.min + 1 : node.max;
      // The engine also expands a part that is repeated zero times.
      return Math.max(1, own) * copies(node.element);
    }
    case 'Pattern':
    case 'Group':
    case 'CapturingGroup':
      return Math.max(1, ...node.alternatives.map(copies));
    case 'Alternative':
      return Math.max(1, ...node.elements.map(copies));
    default:
      return 1;
  }
}

/** `[0-9a-f]{32}` as `[0-9a-f]{16}[0-9a-f]{16}`, which matches the same. Groups stay: their captures would differ. */
function unrolled(pattern: AST.Pattern): string {
  const large: AST.Quantifier[] = [];
  visitRegExpAST(pattern, {
    onQuantifierEnter: (quantifier) => {
      if (isLarge(quantifier)) large.push(quantifier);
    },
  });
  // A character or class contains no quantifier, so these never overlap.
  let end = 0;
  let text = '';
  for (const quantifier of large) {
    text += pattern.raw.slice(end, quantifier.start) + writtenOut(quantifier);
    end = quantifier.end;
  }
  return text + pattern.raw.slice(end);
}

function isLarge({ element, min, max }: AST.Quantifier): boolean {
  if (element.type !== 'Character' && element.type !== 'CharacterSet' && element.type !== 'CharacterClass')
    return false;
  const most = max === Number.POSITIVE_INFINITY ? min : max;
  return most > MAX_COPIES && most <= MAX_COUNT;
}

function writtenOut({ element, min, max, greedy }: AST.Quantifier): string {
  const atom = element.raw;
  const lazy = greedy ? '' : '?';
  const rest =
    max === Number.POSITIVE_INFINITY ? `${atom}*${lazy}` : repeated(atom, max - min, (n) => `{0,${n}}${lazy}`);
  return repeated(atom, min, (count) => `{${count}}`) + rest;
}

function repeated(atom: string, count: number, quantifier: (count: number) => string): string {
  const last = count % MAX_COPIES;
  return (
    `${atom}${quantifier(MAX_COPIES)}`.repeat(Math.floor(count / MAX_COPIES)) +
    (last === 0 ? '' : `${atom}${quantifier(last)}`)
  );
}
