/**
 * JSON paths (RFC 9535) with bounded run time: patterns run in linear time, and the number of visited values is
 * limited. The library limits neither, and both can block a thread for ever: a pattern may even come from an answer.
 */
import { getHeapStatistics } from 'node:v8';
import {
  type FilterFunction,
  FunctionExpressionType,
  JSONPathEnvironment,
  JSONPathError,
  type JSONPathNode,
  type JSONPathQuery,
  type JSONValue,
  jsonpath,
} from 'json-p3';
import { isLinear, type LinearRegExp, linearRegExp } from './linear-regex.js';

/** A visited value and its location. */
const BYTES_A_STEP = 400;
/** An answer of 5 MB, the default maximum, rarely has as many values. It takes about half a second. */
const MAX_STEPS = Math.min(1_000_000, Math.floor(getHeapStatistics().heap_size_limit / BYTES_A_STEP));
/** Of a pattern with its counted parts written out. */
const MAX_SIZE = 400;
const MAX_PATTERNS = 100;

/** The path needs too much time or memory for this value; what it would select is unknown. */
export class JsonPathExcess extends Error {
  override readonly name = 'JsonPathExcess';
}

/** What a path selects; each location is the keys and indexes from the root. */
export interface Selected {
  readonly nodes: readonly { readonly value: JSONValue; readonly location: readonly (string | number)[] }[];
  values(): JSONValue[];
}

export interface JsonPath {
  /** @throws {JsonPathExcess} */
  query(value: JSONValue): Selected;
}

/** @throws {Error} when it is not a path, or contains a pattern without bounded run time; the message says which. */
export function compileJsonPath(path: string): JsonPath {
  const query = environment.compile(path);
  const steps = { left: MAX_STEPS };
  const refused = instrument(query, steps);
  if (refused !== undefined) throw new SyntaxError(refused);
  return {
    query(value) {
      steps.left = MAX_STEPS;
      try {
        const selected = query.query(value);
        return { nodes: selected.nodes, values: () => selected.values() };
      } catch (error) {
        if (error instanceof JsonPathExcess) throw new JsonPathExcess(`${path} ${error.message}`, { cause: error });
        // Thrown by the library for values that are nested too deeply, and by V8 for too many arguments of a call.
        if (error instanceof JSONPathError || error instanceof RangeError) {
          throw new JsonPathExcess(`${path} selects from a value that is too deep or too large`, { cause: error });
        }
        throw error;
      }
    },
  };
}

/** `match()` and `search()`. Their patterns (RFC 9485) may come from the answer itself, so they must be smaller. */
class LinearPattern implements FilterFunction {
  readonly argTypes = [FunctionExpressionType.ValueType, FunctionExpressionType.ValueType];
  readonly returnType = FunctionExpressionType.LogicalType;
  readonly #isWhole: boolean;
  readonly #known = new Map<string, LinearRegExp | undefined>();

  constructor(isWhole: boolean) {
    this.#isWhole = isWhole;
  }

  call(text: unknown, pattern: unknown): boolean {
    if (typeof text !== 'string' || typeof pattern !== 'string') return false;
    return this.compile(pattern)?.test(text) ?? false;
  }

  /** @returns undefined for an invalid pattern: the standard says that it matches nothing. */
  compile(pattern: string): LinearRegExp | undefined {
    if (this.#known.has(pattern)) return this.#known.get(pattern);
    const made = this.#make(pattern);
    if (this.#known.size >= MAX_PATTERNS) this.#known.clear();
    this.#known.set(pattern, made);
    return made;
  }

  #make(pattern: string): LinearRegExp | undefined {
    try {
      // Only checks that the pattern is valid: on an empty text no pattern takes long.
      new jsonpath.functions.Match({ throwErrors: true, cacheSize: 0 }).call('', pattern);
    } catch {
      return undefined;
    }
    const translated = translate(pattern);
    const source = this.#isWhole ? `^(?:${translated})$` : translated;
    if (!isBounded(source)) {
      const shown = pattern.length > 60 ? `${pattern.slice(0, 60)}…` : pattern;
      throw new JsonPathExcess(`holds the pattern ${JSON.stringify(shown)}, which may take for ever`);
    }
    return linearRegExp(source);
  }
}

function isBounded(source: string): boolean {
  try {
    return !/\\[pP]\{/.test(source) && isLinear(source, MAX_SIZE);
  } catch {
    return false;
  }
}

/** A dot matches one character and no line end, of which the standard knows two. */
function translate(pattern: string): string {
  return pattern.replaceAll(/\\.|\[(?:\\.|[^\]\\])*\]|\./gs, (piece) => (piece === '.' ? '[^\\n\\r]' : piece));
}

const patterns = new Map([
  ['match', new LinearPattern(true)],
  ['search', new LinearPattern(false)],
]);

const environment = new JSONPathEnvironment();
for (const [name, pattern] of patterns) environment.functionRegister.set(name, pattern);

interface Steps {
  left: number;
}

function spend(steps: Steps, count: number): void {
  steps.left -= count;
  if (steps.left < 0) throw new JsonPathExcess(`visits more than ${MAX_STEPS} values`);
}

/**
 * Counts everything that this query visits: each value that a selector reads or `..` visits, also in the queries of its
 * filters. @returns what is wrong with its patterns.
 */
function instrument(query: JSONPathQuery, steps: Steps): string | undefined {
  for (const segment of query.segments) {
    const visit: unknown = Reflect.get(segment, 'visit');
    if (typeof visit === 'function') {
      Reflect.set(segment, 'visit', (node: JSONPathNode, depth?: number): unknown => {
        spend(steps, 1);
        return visit.call(segment, node, depth);
      });
    }
    for (const selector of segment.selectors) {
      const resolve = selector.resolve.bind(selector);
      selector.resolve = (node) => {
        spend(steps, isSingle(selector) ? 1 : 1 + width(node.value));
        return resolve(node);
      };
      if (selector instanceof jsonpath.selectors.FilterSelector) {
        const wrong = inExpression(selector.expression, steps);
        if (wrong !== undefined) return wrong;
      }
    }
  }
  return undefined;
}

function isSingle(selector: jsonpath.JSONPathSelector): boolean {
  return selector instanceof jsonpath.selectors.NameSelector || selector instanceof jsonpath.selectors.IndexSelector;
}

function width(value: unknown): number {
  if (Array.isArray(value)) return value.length;
  return typeof value === 'object' && value !== null ? Object.keys(value).length : 0;
}

function inExpression(expression: unknown, steps: Steps): string | undefined {
  const { expressions } = jsonpath;
  if (expression instanceof expressions.LogicalExpression) return inExpression(expression.expression, steps);
  if (expression instanceof expressions.PrefixExpression) return inExpression(expression.right, steps);
  if (expression instanceof expressions.InfixExpression)
    return inExpression(expression.left, steps) ?? inExpression(expression.right, steps);
  if (expression instanceof expressions.FilterQuery) return instrument(expression.path, steps);
  if (!(expression instanceof expressions.FunctionExtension)) return undefined;
  const written = expression.args[1];
  if (written instanceof expressions.StringLiteral) {
    try {
      patterns.get(expression.name)?.compile(written.value);
    } catch (error) {
      if (error instanceof JsonPathExcess) return error.message;
      throw error;
    }
  }
  for (const argument of expression.args) {
    const wrong = inExpression(argument, steps);
    if (wrong !== undefined) return wrong;
  }
  return undefined;
}
