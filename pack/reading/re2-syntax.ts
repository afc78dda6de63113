/** Writes a JavaScript regular expression in RE2's syntax, so that it means the same there. */
import type { AST } from '@eslint-community/regexpp';

/** Code points, both ends included, sorted and without overlaps. */
type Ranges = readonly (readonly [number, number])[];

const LAST = 0x10ffff;
const lineEnds: Ranges = [
  [0x0a, 0x0a],
  [0x0d, 0x0d],
  [0x2028, 0x2029],
];
const sets: Readonly<Record<'digit' | 'space' | 'word', Ranges>> = {
  digit: [[0x30, 0x39]],
  space: [
    [0x09, 0x0d],
    [0x20, 0x20],
    [0xa0, 0xa0],
    [0x1680, 0x1680],
    [0x2000, 0x200a],
    [0x2028, 0x2029],
    [0x202f, 0x202f],
    [0x205f, 0x205f],
    [0x3000, 0x3000],
    [0xfeff, 0xfeff],
  ],
  word: [
    [0x30, 0x39],
    [0x41, 0x5a],
    [0x5f, 0x5f],
    [0x61, 0x7a],
  ],
};

/**
 * A character beyond U+FFFF is one character here, also in a class and under a quantifier; without the flag `u`
 * JavaScript sees two. A group in a repeated part keeps what it captured last, where JavaScript forgets it when a later
 * repetition does not use the group. A repeated part that can also match nothing may end its repetitions earlier.
 *
 * @param dotAll whether a dot stands for a line end, too.
 * @throws {SyntaxError} for lookaround and backreferences, which RE2 does not have.
 */
export function re2Syntax(pattern: AST.Pattern, dotAll: boolean): string {
  return disjunction(pattern.alternatives, dotAll);
}

function disjunction(alternatives: readonly AST.Alternative[], dotAll: boolean): string {
  return alternatives.map(({ elements }) => sequence(elements, dotAll)).join('|');
}

function sequence(elements: readonly AST.Element[], dotAll: boolean): string {
  let text = '';
  for (let index = 0; index < elements.length; index += 1) {
    const [element, next] = [elements[index], elements[index + 1]];
    if (element === undefined) break;
    const pair = pairOf(element, next);
    if (pair === undefined) {
      text += written(element, dotAll);
      continue;
    }
    text += literal(pair) + (next?.type === 'Quantifier' ? counts(next) : '');
    index += 1;
  }
  return text;
}

/** The character that two halves of a surrogate pair make, the second perhaps under a quantifier. */
function pairOf(first: AST.Element, second: AST.Element | undefined): number | undefined {
  const low = second?.type === 'Quantifier' ? second.element : second;
  if (first.type !== 'Character' || low?.type !== 'Character') return undefined;
  return joined(first.value, low.value);
}

function joined(high: number, low: number): number | undefined {
  if (high < 0xd800 || high > 0xdbff || low < 0xdc00 || low > 0xdfff) return undefined;
  return (high - 0xd800) * 0x400 + (low - 0xdc00) + 0x10000;
}

function written(element: AST.Element, dotAll: boolean): string {
  switch (element.type) {
    case 'Character':
      return literal(element.value);
    case 'CharacterSet':
      return ofSet(element, dotAll);
    case 'CharacterClass':
      return characterClass(element);
    case 'Quantifier':
      return `${written(element.element, dotAll)}${counts(element)}`;
    case 'Group':
      return `(?:${disjunction(element.alternatives, dotAll)})`;
    case 'CapturingGroup':
      // Without its name: RE2 takes fewer names, and the place of a group is enough to find it.
      return `(${disjunction(element.alternatives, dotAll)})`;
    case 'Assertion':
      return assertion(element);
    default:
      throw new SyntaxError(`${element.raw} cannot be searched for in a bounded time`);
  }
}

function counts({ min, max, greedy }: AST.Quantifier): string {
  const lazy = greedy ? '' : '?';
  if (max === Number.POSITIVE_INFINITY) {
    return `${min === 0 ? '*' : min === 1 ? '+' : `{${min},}`}${lazy}`;
  }
  return `{${min},${max}}${lazy}`;
}

function assertion({ kind, raw, ...rest }: AST.Assertion): string {
  switch (kind) {
    case 'start':
      return '\\A';
    case 'end':
      return '\\z';
    case 'word':
      return 'negate' in rest && rest.negate ? '\\B' : '\\b';
    default:
      throw new SyntaxError(`${raw} cannot be searched for in a bounded time`);
  }
}

function ofSet(set: AST.CharacterSet, dotAll: boolean): string {
  if (set.kind === 'any') return bracketed(dotAll ? [[0, LAST]] : complement(lineEnds));
  return bracketed(rangesOf(set));
}

function rangesOf(set: AST.CharacterSet): Ranges {
  if (set.kind === 'any' || set.kind === 'property') throw new SyntaxError(`${set.raw} cannot stand here`);
  return set.negate ? complement(sets[set.kind]) : sets[set.kind];
}

function characterClass({ elements, negate }: AST.CharacterClass): string {
  const found: (readonly [number, number])[] = [];
  for (let index = 0; index < elements.length; index += 1) {
    const [element, next] = [elements[index], elements[index + 1]];
    if (element?.type === 'Character') {
      const pair = next?.type === 'Character' ? joined(element.value, next.value) : undefined;
      if (pair !== undefined) index += 1;
      found.push([pair ?? element.value, pair ?? element.value]);
    } else if (element?.type === 'CharacterClassRange') {
      found.push([element.min.value, element.max.value]);
    } else if (element?.type === 'CharacterSet') {
      found.push(...rangesOf(element));
    }
  }
  const union = merged(found);
  return bracketed(negate ? complement(union) : union);
}

function merged(ranges: Ranges): Ranges {
  const result: [number, number][] = [];
  for (const [from, to] of ranges.toSorted(([a], [b]) => a - b)) {
    const last = result.at(-1);
    if (last !== undefined && from <= last[1] + 1) last[1] = Math.max(last[1], to);
    else result.push([from, to]);
  }
  return result;
}

function complement(ranges: Ranges): Ranges {
  const result: [number, number][] = [];
  let from = 0;
  for (const [start, end] of ranges) {
    if (start > from) result.push([from, start - 1]);
    from = end + 1;
  }
  if (from <= LAST) result.push([from, LAST]);
  return result;
}

/** A class of no character at all matches nothing, as `[]` does. */
function bracketed(ranges: Ranges): string {
  if (ranges.length === 0) return `[^\\x{0}-${escaped(LAST)}]`;
  return `[${ranges.map(([from, to]) => (from === to ? escaped(from) : `${escaped(from)}-${escaped(to)}`)).join('')}]`;
}

/** Letters and digits as they are, so that RE2 sees the words for which it can search first. */
function literal(value: number): string {
  const character = String.fromCodePoint(value);
  return /^[A-Za-z0-9_]$/.test(character) ? character : escaped(value);
}

function escaped(value: number): string {
  return `\\x{${value.toString(16)}}`;
}
