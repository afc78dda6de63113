/**
 * Bounds the time that an operator's regular expressions take: they are run by RE2's algorithms, whose time is
 * proportional to the text. JavaScript's own engine needs minutes for a text of 100 kB and a pattern as harmless as
 * `id.*name.*error`.
 */
import { type AST, RegExpParser, RegExpSyntaxError } from '@eslint-community/regexpp';
import { RE2JS } from 're2js';
import { re2Syntax } from './re2-syntax.js';

/** Of the pattern with its counted parts written out; the time for a character grows with it. */
const MAX_SIZE = 2000;
/** As RE2 has it, nested counts multiplied. */
const MAX_COUNT = 1000;
/** More than any real pattern needs, and short enough that nesting cannot exhaust the stack. */
const MAX_LENGTH = 2000;

/** The syntax of Node 20, the oldest supported version: no `(?i:...)`, and no two groups with the same name. */
const parser = new RegExpParser({ ecmaVersion: 2024 });

/** What a pattern found: its groups by place, 0 being the whole, and by name. */
export interface PatternMatch {
  readonly [place: number]: string | undefined;
  readonly groups: Readonly<Record<string, string | undefined>>;
}

/** As much of `RegExp` as we need. */
export interface LinearRegExp {
  /** As it was written. */
  readonly source: string;
  test(text: string): boolean;
  exec(text: string): PatternMatch | null;
}

/**
 * @param pattern of JavaScript, without flags.
 * @param flags `s`, for a pattern in which the dot stands for a line end, too.
 * @throws {SyntaxError} when it is not a regular expression, or cannot be searched for in a bounded time.
 */
export function linearRegExp(pattern: string, flags: '' | 's' = ''): LinearRegExp {
  const parsed = parse(pattern);
  if (!isSmall(parsed, MAX_SIZE)) throw new SyntaxError('too large with its counted parts written out');
  return new Compiled(pattern, RE2JS.compile(re2Syntax(parsed, flags === 's')), namesOf(parsed));
}

/**
 * @param maxSize for the pattern with its counted parts written out.
 * @returns false for a pattern that only backtracking can search for, which may block its thread for ever, and for a
 * very large one.
 * @throws {SyntaxError} as `linearRegExp`, when it is not a regular expression.
 */
export function isLinear(pattern: string, maxSize = MAX_SIZE): boolean {
  const parsed = parse(pattern);
  if (!isSmall(parsed, maxSize)) return false;
  try {
    RE2JS.compile(re2Syntax(parsed, false));
    return true;
  } catch {
    return false;
  }
}

class Compiled implements LinearRegExp {
  readonly source: string;
  readonly #pattern: RE2JS;
  readonly #names: readonly (string | undefined)[];

  constructor(source: string, pattern: RE2JS, names: readonly (string | undefined)[]) {
    this.source = source;
    this.#pattern = pattern;
    this.#names = names;
  }

  test(text: string): boolean {
    return this.#pattern.test(text);
  }

  exec(text: string): PatternMatch | null {
    const matcher = this.#pattern.matcher(text);
    if (!matcher.find()) return null;
    const groups: Record<string, string | undefined> = Object.create(null);
    const found: Record<number, string | undefined> = { 0: matcher.group(0) ?? undefined };
    for (const [index, name] of this.#names.entries()) {
      const group = matcher.group(index + 1) ?? undefined;
      found[index + 1] = group;
      if (name !== undefined) groups[name] = group;
    }
    return { ...found, groups };
  }
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

/** Names of the groups, in their order; undefined for one without. */
function namesOf(pattern: AST.Pattern): readonly (string | undefined)[] {
  const names: (string | undefined)[] = [];
  const visit = (node: AST.Pattern | AST.Alternative | AST.Element): void => {
    if (node.type === 'CapturingGroup') names.push(node.name ?? undefined);
    for (const child of childrenOf(node)) visit(child);
  };
  visit(pattern);
  return names;
}

function isSmall(pattern: AST.Pattern, maxSize: number): boolean {
  return size(pattern) <= maxSize && count(pattern) <= MAX_COUNT;
}

type Node = AST.Pattern | AST.Alternative | AST.Element;

function size(node: Node): number {
  const own = node.type === 'Quantifier' ? Math.max(1, copies(node)) : 1;
  const inner = childrenOf(node).reduce((sum, child) => sum + size(child), 0);
  return node.type === 'Quantifier' ? own * inner : own + inner;
}

function count(node: Node): number {
  const inner = Math.max(1, ...childrenOf(node).map(count));
  return node.type === 'Quantifier' ? Math.max(1, copies(node)) * inner : inner;
}

function copies({ min, max }: AST.Quantifier): number {
  return max === Number.POSITIVE_INFINITY ? min : max;
}

function childrenOf(node: Node): readonly Node[] {
  switch (node.type) {
    case 'Pattern':
    case 'Group':
    case 'CapturingGroup':
      return node.alternatives;
    case 'Alternative':
      return node.elements;
    case 'Quantifier':
      return [node.element];
    default:
      return [];
  }
}
