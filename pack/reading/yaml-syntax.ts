import { type Document, isCollection, isScalar, type Node, visit, type YAMLError } from 'yaml';
import { flowChanges } from './yaml-flow.js';
import type { SyntaxMistake } from './yaml-mistake.js';

/**
 * Errors that are independent; of all others, only the first in a line is reported, because the rest follow from it.
 */
const independent = new Set(['DUPLICATE_KEY', 'TAG_RESOLVE_FAILED']);

/** More are not useful to a reader, and each is searched for in the file. */
const MOST = 100;

/**
 * Turns the parser's errors into one message per mistake, at the position of the mistake and not where the parser
 * failed. Values are not repeated, because it is not yet known which of them are secrets.
 */
export function syntaxMistakes(text: string, documents: readonly Document.Parsed[]): SyntaxMistake[] {
  const errors = documents.flatMap((document) => [...document.errors, ...document.warnings]).slice(0, MOST);
  const source = new Source(text, documents);
  const mistakes: SyntaxMistake[] = [];
  const lines = new Set<number>();
  const isTab = (error: YAMLError) => error.code === 'TAB_AS_INDENT' || source.isIndentedByTab(error.pos[0]);
  const [firstTab, ...moreTabs] = errors.filter(isTab);
  if (firstTab !== undefined) {
    const others = new Set(moreTabs.map(({ pos }) => source.lineStart(pos[0]))).size;
    const also = others === 0 ? '' : `, here and in ${others} more ${others === 1 ? 'line' : 'lines'}`;
    mistakes.push({
      offset: source.tabAt(firstTab.pos[0]),
      message: `tabs are not allowed as indentation${also}`,
      expected: 'blanks',
    });
  }
  for (const error of errors.filter((each) => !isTab(each))) {
    if (independent.has(error.code)) {
      mistakes.push(ofError(error, errors, source));
      continue;
    }
    // The parser reports further errors that a tab causes.
    if (firstTab !== undefined && error.pos[0] >= firstTab.pos[0]) continue;
    const mistake = ofError(error, errors, source);
    const line = source.lineStart(mistake.offset);
    if (!lines.has(line) && !lines.has(source.lineStart(error.pos[0]))) mistakes.push(mistake);
    lines.add(line).add(source.lineStart(error.pos[0]));
  }
  return mistakes;
}

const inQuotes = "the whole value in quotes, such as '{name}/page' or 'a: b'";

function ofError(error: YAMLError, all: readonly YAMLError[], source: Source): SyntaxMistake {
  const [offset] = error.pos;
  switch (error.code) {
    case 'DUPLICATE_KEY': {
      const [, key] = /^["']?([^\s"':]+)/.exec(source.text.slice(offset)) ?? [];
      return { offset, message: key === undefined ? 'this key is given twice' : `key '${key}' is given twice` };
    }
    case 'BLOCK_AS_IMPLICIT_KEY':
    case 'BLOCK_IN_FLOW':
    case 'MULTILINE_IMPLICIT_KEY':
      return ofKey(offset, all, source);
    case 'BAD_SCALAR_START':
      return { offset, message: `a value cannot begin with ${source.text[offset]}`, expected: 'it in quotes' };
    case 'BAD_DQ_ESCAPE':
      return {
        offset,
        message: 'unknown escape after a backslash',
        expected: 'single quotes, in which a backslash is a backslash',
      };
    case 'MISSING_CHAR':
    case 'BAD_INDENT': {
      const opening = source.unclosedBefore(offset);
      if (opening !== undefined) {
        return {
          offset: opening,
          message: `this ${source.text[opening]} is never closed`,
          expected: `a ${source.closingOf(opening)} for it`,
        };
      }
      if (error.code === 'BAD_INDENT' && source.isKeyAmongItems(offset)) {
        return {
          offset: source.wordAt(offset),
          message: 'a key among the items of a list',
          expected: '- and a blank before it, or less indentation',
        };
      }
      return error.code === 'BAD_INDENT'
        ? {
            offset: source.wordAt(offset),
            message: 'this line is indented differently from its neighbours',
            expected: 'the keys of one map in one column',
          }
        : error.message.startsWith('Missing ,')
          ? noComma(source.wordAt(offset))
          : { offset, message: 'something is missing here', expected: 'a key, a colon, a blank and a value' };
    }
    case 'UNEXPECTED_TOKEN':
      return ofTrailing(offset, error, source);
    default:
      return { offset, ...(ofCode[error.code] ?? { message: 'this cannot be read', expected: 'YAML 1.2' }) };
  }
}

/** The parser's own messages quote the input, which may be a secret. */
const ofCode: Partial<Record<YAMLError['code'], Omit<SyntaxMistake, 'offset'>>> = {
  ALIAS_PROPS: { message: 'an alias takes no anchor and no tag', expected: 'the * in quotes' },
  BAD_ALIAS: { message: 'this * or & begins an alias or an anchor, which needs a name', expected: 'it in quotes' },
  BAD_DIRECTIVE: { message: 'a % at the beginning of a line begins a directive', expected: 'it in quotes' },
  KEY_OVER_1024_CHARS: { message: 'this key is longer than 1024 characters', expected: 'a shorter one' },
  MULTIPLE_ANCHORS: { message: 'a second anchor of one value', expected: 'one, or the & in quotes' },
  MULTIPLE_TAGS: { message: 'a second tag of one value', expected: 'the ! in quotes' },
  TAG_RESOLVE_FAILED: { message: 'this ! begins a tag, and none of that name is known', expected: 'the ! in quotes' },
};

function noComma(offset: number): SyntaxMistake {
  return { offset, message: 'no comma before this', expected: 'a comma between two entries in { } or [ ]' };
}

/** The parser cannot distinguish `title: Kingston: the portal`, `title:x`, `-name: x` and a wrongly indented line. */
function ofKey(offset: number, all: readonly YAMLError[], source: Source): SyntaxMistake {
  const line = source.lineOf(offset);
  const start = source.lineStart(offset);
  const [, dash] = /^\s*(-)[^\s-]/.exec(line) ?? [];
  if (dash !== undefined) {
    return { offset: start + line.indexOf('-'), message: 'no blank after the -', expected: '- and a blank' };
  }
  const word = source.wordAt(offset);
  if (/^-\s/.test(source.text.slice(word))) {
    return {
      offset: word,
      message: 'an item of a list among the keys of a map',
      expected: 'a key and a colon in place of the -, or the item further in, below its key',
    };
  }
  const next = keyWithoutComma(offset, all, source);
  if (next !== undefined) return noComma(next);
  const [, glued] = /^\s*(?:- )?([\w-]+):[^\s:]/.exec(line) ?? [];
  if (glued !== undefined) {
    return {
      offset: start + line.indexOf(glued) + glued.length,
      message: 'no blank after the colon',
      expected: `: and a blank`,
    };
  }
  if (/: /.test(source.text.slice(offset, start + line.length))) {
    return { offset, message: 'a text with a colon and a blank in it', expected: inQuotes };
  }
  const isMultiline = all.some(({ code, pos }) => code === 'MULTILINE_IMPLICIT_KEY' && pos[0] === offset);
  if (isMultiline && /:\s/.test(line)) {
    const next = source.wordAt(start + line.length + 1);
    return {
      offset: next,
      message: 'this line is indented deeper than the one above, which has a value already',
      expected: 'the keys of one map in one column',
    };
  }
  if (isMultiline)
    return { offset, message: 'no colon after this key', expected: 'a key, a colon, a blank and a value' };
  return { offset, message: 'this value begins a map where none can be', expected: inQuotes };
}

/** In `{ a: 1 b: 2 }` the parser reads `1 b` as a key. One word before the colon is a text with a colon in it. */
function keyWithoutComma(offset: number, all: readonly YAMLError[], source: Source): number | undefined {
  if (!all.some(({ code, pos }) => code === 'BLOCK_IN_FLOW' && pos[0] === offset)) return undefined;
  const [, value] = /^([^,:{}[\]]*\S\s+)["']?[\w.-]+["']?\s*:(?:\s|$)/.exec(source.text.slice(offset)) ?? [];
  return value === undefined ? undefined : offset + value.length;
}

/** There is text after the end of a value: the value began with a brace, a bracket or a quote by mistake. */
function ofTrailing(offset: number, error: YAMLError, source: Source): SyntaxMistake {
  const start = source.valueBefore(offset);
  const written = source.text.slice(start, offset + 1);
  const [, token] = /"([\]}])"/.exec(error.message) ?? [];
  if (token !== undefined)
    return { offset, message: `this ${token} closes nothing`, expected: 'as many as were opened' };
  const behind = source.text.slice(offset);
  if (behind.startsWith(',')) {
    return { offset, message: 'nothing stands before this comma', expected: 'one comma between two entries' };
  }
  const isApart =
    /[\s"'\]}]/.test(source.text[offset - 1] ?? '') && /^(["']?[\w.-]+["']?\s*:(\s|$)|[{["'])/.test(behind);
  if (isApart && source.isInFlow(start)) return noComma(offset);
  if (written.startsWith("'")) {
    return {
      offset,
      message: 'text after the closing quote',
      expected: "two quotes, '', for one inside of single quotes",
    };
  }
  if (written.startsWith('"'))
    return { offset, message: 'text after the closing quote', expected: String.raw`\" for a quote inside` };
  if (/^\$\{?/.test(written)) {
    return { offset: start, message: 'a reference inside of { } without quotes', expected: `'\${env:NAME}' in quotes` };
  }
  if (/^[{[]/.test(written)) {
    const what = written.startsWith('{') ? 'a map' : 'a list';
    return { offset: start, message: `this begins ${what}, and text stands behind it`, expected: inQuotes };
  }
  if (/^[|>]/.test(written)) {
    return { offset: start, message: `${written[0]} begins a text of several lines`, expected: 'it in quotes' };
  }
  return { offset: start, message: 'text and brackets are mixed in this value', expected: inQuotes };
}

class Source {
  readonly text: string;
  readonly #documents: readonly Document.Parsed[];
  #flowChanges: ReturnType<typeof flowChanges> | undefined;

  constructor(text: string, documents: readonly Document.Parsed[]) {
    this.text = text;
    this.#documents = documents;
  }

  isInFlow(offset: number): boolean {
    this.#flowChanges ??= flowChanges(this.text);
    return (this.#flowChanges.findLast((change) => change.offset < offset)?.open ?? 0) > 0;
  }

  lineStart(offset: number): number {
    return this.text.lastIndexOf('\n', offset - 1) + 1;
  }

  lineOf(offset: number): string {
    const end = this.text.indexOf('\n', offset);
    return this.text.slice(this.lineStart(offset), end === -1 ? undefined : end);
  }

  isIndentedByTab(offset: number): boolean {
    return /^ *\t/.test(this.lineOf(offset));
  }

  /** Whether the line above begins an item in the column where this one begins a key. */
  isKeyAmongItems(offset: number): boolean {
    const word = this.wordAt(offset);
    const start = this.lineStart(word);
    const above = this.text
      .slice(0, start)
      .split('\n')
      .findLast((line) => line.trim() !== '' && line.search(/\S/) <= word - start);
    return above !== undefined && above.search(/\S/) === word - start && /^\s*-\s/.test(above);
  }

  tabAt(offset: number): number {
    return this.lineStart(offset) + Math.max(0, this.lineOf(offset).indexOf('\t'));
  }

  /** The first character of a line that is no blank, from an offset on. */
  wordAt(offset: number): number {
    const [blanks = ''] = /^\s*/.exec(this.text.slice(offset)) ?? [];
    return Math.min(offset + blanks.length, Math.max(0, this.text.length - 1));
  }

  /** Where the value begins in which an offset stands: behind the last `: `, `- `, `, `, `{ ` or `[ ` of its line. */
  valueBefore(offset: number): number {
    const start = this.lineStart(offset);
    const before = this.text.slice(start, offset);
    const boundaries = [...before.matchAll(/(?:[:,-]|^\s*|(?<=\s)[{[])\s+(?=\S|$)/g)];
    const last = boundaries.at(-1);
    return last === undefined ? start : start + last.index + last[0].length;
  }

  /** The quote, brace or bracket before an offset that was opened last and not closed. */
  unclosedBefore(offset: number): number | undefined {
    let found: number | undefined;
    for (const document of this.#documents) {
      visit(document, (_, node) => {
        const start = isOpened(node) ? node.range?.[0] : undefined;
        if (start === undefined || start >= offset || !this.#isUnclosed(node, start)) return;
        found = Math.max(found ?? 0, start);
      });
    }
    return found;
  }

  closingOf(opening: number): string | undefined {
    return { '{': '}', '[': ']', '"': '"', "'": "'" }[this.text[opening] ?? ''];
  }

  #isUnclosed(node: unknown, start: number): boolean {
    const closing = this.closingOf(start);
    const end = isNode(node) ? (node.range?.[1] ?? start) : start;
    return closing !== undefined && (end - 1 === start || this.text[end - 1] !== closing);
  }
}

function isNode(node: unknown): node is Node {
  return isCollection(node) || isScalar(node);
}

function isOpened(node: unknown): node is Node {
  if (isCollection(node)) return node.flow === true;
  return isScalar(node) && (node.type === 'QUOTE_DOUBLE' || node.type === 'QUOTE_SINGLE');
}
