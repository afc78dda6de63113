import {
  type Alias,
  type Document,
  isAlias,
  isCollection,
  isMap,
  isScalar,
  isSeq,
  LineCounter,
  type Node,
  parseAllDocuments,
  type YAMLMap,
} from 'yaml';
import { SecretPlaces } from '../secrets/secret-places.js';
import type { Problem } from './problems.js';
import { shownKey } from './shown.js';
import type { Entry, MapNode, Origin, SourceNode } from './source-node.js';
import { type Excess, excessIn, maximumDepth, maximumNodes, tooDeep } from './yaml-bounds.js';
import { keyAlone } from './yaml-flow.js';
import { syntaxMistakes } from './yaml-syntax.js';

export interface ParsedDocument {
  /** Undefined when the file has problems or is empty. */
  readonly root: MapNode | undefined;
  readonly problems: readonly Problem[];
}

/**
 * One YAML 1.2 document with the position of every key and value.
 *
 * @param secrets that messages must not repeat. Default: what a document of any kind may hold.
 */
export function parseYaml(file: string, text: string, secrets = new SecretPlaces()): ParsedDocument {
  const excess = excessIn(text);
  if (excess !== undefined) return { root: undefined, problems: [problemAt(file, text, excess)] };
  const lineCounter = new LineCounter();
  // The parser's own check for duplicate keys takes a minute for 20,000 keys.
  const documents = parseAllDocuments(text, { lineCounter, prettyErrors: false, uniqueKeys: false });
  const reader = new Reader(file, lineCounter, secrets);
  // A warning is about an unknown tag: its value would be read differently from what was meant.
  const mistakes = syntaxMistakes(text, documents);
  for (const { offset, message, expected } of mistakes) reader.report(offset, '', message, expected);
  const [first, second] = documents;
  if (second !== undefined && mistakes.length === 0) {
    const start = second.contents?.range?.[0] ?? second.range[0];
    reader.report(start, '', 'a second YAML document begins here', 'one document a file; put it in a file of its own');
  }
  if (reader.problems.length > 0) {
    return { root: undefined, problems: reader.problems };
  }
  return first === undefined ? { root: nothing(file), problems: [] } : reader.read(first);
}

/** A file with only comments is allowed among several files: it changes nothing. */
function nothing(file: string): MapNode {
  return { kind: 'map', at: { file, line: 1, column: 1 }, entries: new Map() };
}

function problemAt(file: string, text: string, { offset, message, expected }: Excess): Problem {
  const before = text.slice(0, offset);
  const line = before.split('\n').length;
  return { file, line, column: offset - before.lastIndexOf('\n'), key: '', message, expected };
}

class Reader {
  readonly problems: Problem[] = [];
  readonly #file: string;
  readonly #lines: LineCounter;
  #nodes = 0;

  readonly #secrets: SecretPlaces;

  constructor(file: string, lines: LineCounter, secrets: SecretPlaces) {
    this.#file = file;
    this.#lines = lines;
    this.#secrets = secrets;
  }

  read(document: Document.Parsed): ParsedDocument {
    const { contents } = document;
    if (contents === null || (isScalar(contents) && contents.value === null)) {
      return { root: nothing(this.#file), problems: [] };
    }
    try {
      const root = this.#node(contents, document, 0);
      if (root.kind !== 'map') {
        this.report(contents.range[0], '', `the file holds ${nounOf(root)}`, 'a map of sections, such as portals:');
        return { root: undefined, problems: this.problems };
      }
      return { root: this.problems.length > 0 ? undefined : root, problems: this.problems };
    } catch (error) {
      if (error instanceof TooMuch) {
        this.report(error.offset, '', error.message, error.expected);
        return { root: undefined, problems: this.problems };
      }
      throw error;
    }
  }

  report(offset: number, key: string, message: string, expected?: string): void {
    const { file, line, column } = this.#origin(offset);
    this.problems.push({ file, line, column, key, message, ...(expected === undefined ? {} : { expected }) });
  }

  #origin(offset: number): Origin {
    const { line, col } = this.#lines.linePos(offset);
    return { file: this.#file, line: Math.max(1, line), column: Math.max(1, col) };
  }

  #node(node: Node, document: Document.Parsed, depth: number): SourceNode {
    const offset = node.range?.[0] ?? 0;
    this.#nodes += 1;
    if (this.#nodes > maximumNodes) {
      throw new TooMuch(offset, 'the aliases expand to too many values', `at most ${maximumNodes} values`);
    }
    if (depth > maximumDepth) {
      throw new TooMuch(offset, tooDeep.message, tooDeep.expected);
    }
    if (isAlias(node)) {
      return this.#alias(node, document, depth);
    }
    const at = this.#origin(offset);
    if (isMap(node)) {
      return { kind: 'map', at, entries: this.#entries(node, document, depth) };
    }
    if (isSeq(node)) {
      const items = node.items.flatMap((item) => (isNode(item) ? [this.#node(item, document, depth + 1)] : []));
      return { kind: 'list', at, items };
    }
    if (isScalar(node)) {
      return this.#scalar(node.value, node.type === 'PLAIN' ? node.source : undefined, at);
    }
    return { kind: 'scalar', at, value: null };
  }

  #scalar(value: unknown, written: string | undefined, at: Origin): SourceNode {
    if (value === null || typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean') {
      return { kind: 'scalar', at, value, ...(written === undefined ? {} : { written }) };
    }
    return { kind: 'scalar', at, value: String(value) };
  }

  #alias(alias: Alias, document: Document.Parsed, depth: number): SourceNode {
    const target = alias.resolve(document);
    const offset = alias.range?.[0] ?? 0;
    if (target === undefined) {
      throw new TooMuch(
        offset,
        'this * begins an alias, and no anchor before it has that name',
        'an anchor, such as &base, before it, or the value in quotes',
      );
    }
    return this.#node(target, document, depth + 1);
  }

  #entries(map: YAMLMap, document: Document.Parsed, depth: number): Map<string, Entry> {
    const written = new Map<string, Entry>();
    const seen = new Set<string>();
    let inherited: MapNode | undefined;
    for (const pair of map.items) {
      const key = pair.key;
      const offset = isNode(key) ? (key.range?.[0] ?? 0) : 0;
      if (!isScalar(key)) {
        this.report(offset, '', 'this key is not a word', 'a word followed by a colon');
        continue;
      }
      const name = String(key.value);
      if (map.flow === true && pair.value === null) {
        const alone = keyAlone(map, pair);
        this.report(alone.offset, '', alone.message, alone.expected);
        return written;
      }
      const keyAt = this.#origin(offset);
      const node: SourceNode = isNode(pair.value)
        ? this.#node(pair.value, document, depth + 1)
        : { kind: 'scalar', at: keyAt, value: null };
      if (name === '__proto__') {
        this.report(offset, name, 'this key is reserved', 'another name');
      } else if (seen.has(name)) {
        this.report(offset, '', `key '${shownKey(name, this.#secrets)}' is given twice`);
      } else if (name === '<<') {
        inherited = this.#inherit(inherited, node, offset);
      } else {
        written.set(name, { keyAt, node });
      }
      seen.add(name);
    }
    return inherited === undefined ? written : new Map([...inherited.entries, ...written]);
  }

  /** `<<: *base` copies the keys of another map; keys in the same map take precedence. */
  #inherit(before: MapNode | undefined, node: SourceNode, offset: number): MapNode | undefined {
    const sources = node.kind === 'list' ? node.items : [node];
    let result = before;
    for (const source of sources) {
      if (source.kind !== 'map') {
        this.report(offset, '<<', `${nounOf(source)} cannot be taken over`, 'an alias of a map, such as *base');
        continue;
      }
      // With several sources the first takes precedence, key by key and not deeply, as the YAML merge key is defined.
      result = result === undefined ? source : mergeShallow(source, result);
    }
    return result;
  }
}

function mergeShallow(earlier: MapNode, later: MapNode): MapNode {
  return { kind: 'map', at: later.at, entries: new Map([...earlier.entries, ...later.entries]) };
}

class TooMuch extends Error {
  override readonly name = 'TooMuch';
  readonly offset: number;
  readonly expected: string;

  constructor(offset: number, message: string, expected: string) {
    super(message);
    this.offset = offset;
    this.expected = expected;
  }
}

function isNode(value: unknown): value is Node {
  return isScalar(value) || isAlias(value) || isCollection(value);
}

function nounOf(node: SourceNode): string {
  if (node.kind === 'map') {
    return 'a map';
  }
  return node.kind === 'list' ? 'a list' : 'a single value';
}
