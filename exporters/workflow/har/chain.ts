import { isHarmlessName } from './harmless.js';
import type { StepRequest } from './kept.js';
import { isJson, jsonOf } from './read.js';

/** An answer with more values than this is data; its values are not links to the next page. */
const MAX_VALUES = 20_000;

const idName = /^(id|uuid|guid|key|slug|code|number|ref|reference)$|[_-]?(id|uuid|guid|key|slug|code|ref)$|Id$|Uuid$/;

interface Found {
  readonly step: number;
  readonly path: string;
  readonly name: string;
}

/**
 * Recognises values that a later request took from an earlier answer, for example the id of a client in a list. The
 * workflow extracts such a value from the answer in each run, so that it still works when the data has changed.
 */
export class Chain {
  readonly #found = new Map<string, Found>();
  readonly #taken: { readonly step: number; readonly variable: string; readonly path: string }[] = [];
  readonly #variables = new Map<string, string>();
  readonly #names = new Set<string>();
  readonly #isWritable: (name: string) => boolean;

  /** @param isWritable whether the name of a field may be written into a path. */
  constructor(isWritable: (name: string) => boolean) {
    this.#isWritable = isWritable;
  }

  learn({ answer }: StepRequest, step: number): void {
    if (!isJson(answer.mimeType)) return;
    let count = 0;
    for (const { path, key, parent, value } of scalars(jsonOf(answer.body), '$', '', '', this.#isWritable)) {
      count += 1;
      if (count > MAX_VALUES) return;
      const text = String(value);
      if (isDistinctive(text, key) && !this.#found.has(text))
        this.#found.set(text, { step, path, name: nameOf(key, parent) });
    }
  }

  /**
   * `{variable}` for a value from an earlier answer, which is then extracted there.
   *
   * @param name of the parameter or field that holds it: `limit=10` is not the client with the id 10.
   */
  use(value: string, name = 'id'): string | undefined {
    const found = this.#found.get(value);
    if (found === undefined || (/^\d+$/.test(value) && !idName.test(name))) return undefined;
    const known = this.#variables.get(value);
    if (known !== undefined) return `{${known}}`;
    const variable = this.unused(found.name);
    this.#variables.set(value, variable);
    this.#taken.push({ step: found.step, variable, path: found.path });
    return `{${variable}}`;
  }

  /** What a step must extract, by variable. */
  extractsOf(step: number): Record<string, { readonly json: string }> {
    const own = this.#taken.filter((taken) => taken.step === step);
    return Object.fromEntries(own.map(({ variable, path }) => [variable, { json: path }]));
  }

  get variables(): string[] {
    return this.#taken.map(({ variable }) => variable);
  }

  /** A name for a variable that is not in use and not among the given names. */
  unused(name: string, others: readonly string[] = []): string {
    let unused = name;
    for (let number = 2; this.#names.has(unused) || others.includes(unused); number += 1) unused = name + number;
    this.#names.add(unused);
    return unused;
  }
}

/** A small number is an id only if its name says so; a long opaque text always is. */
function isDistinctive(text: string, key: string): boolean {
  if (text === '' || text.length > 200 || /\s/.test(text)) return false;
  if (idName.test(key)) return true;
  return (
    text.length >= 8 &&
    /\d/.test(text) &&
    /^[\w.~-]+$/.test(text) &&
    !/^\d{4}-\d\d-\d\d/.test(text) &&
    !/^[\d.]+$/.test(text)
  );
}

interface Scalar {
  readonly path: string;
  readonly key: string;
  /** The nearest name above the key. */
  readonly parent: string;
  readonly value: string | number;
}

export function* scalars(
  value: unknown,
  path: string,
  key: string,
  parent: string,
  isWritable: (name: string) => boolean = isHarmlessName,
): Generator<Scalar> {
  if (typeof value === 'string' || typeof value === 'number') yield { path, key, parent, value };
  else if (Array.isArray(value)) {
    for (const [index, item] of value.entries()) yield* scalars(item, `${path}[${index}]`, key, parent, isWritable);
  } else if (typeof value === 'object' && value !== null) {
    for (const [name, inner] of Object.entries(value)) {
      // In a map by id the keys are data, which must not be written into a path.
      if (isWritable(name)) yield* scalars(inner, path + member(name), name, key || parent, isWritable);
    }
  }
}

/** A member as an RFC 9535 path writes it. */
export function member(name: string): string {
  return /^[A-Za-z_]\w*$/.test(name) ? `.${name}` : `['${name.replaceAll('\\', '\\\\').replaceAll("'", "\\'")}']`;
}

/** `id` below `client_groups` is `clientGroupId`; `product_id` is `productId`. */
function nameOf(key: string, parent: string): string {
  return chainVariableName((key === 'id' || key === 'uuid' ? [singular(parent), key] : [key]).join(' '));
}

/** Words as the name of a variable. */
export function chainVariableName(words: string): string {
  const name = words
    .split(/[^A-Za-z0-9]+/)
    .filter((word) => word !== '')
    .map((word, index) => (index === 0 ? word[0]?.toLowerCase() : word[0]?.toUpperCase()) + word.slice(1))
    .join('');
  return /^[A-Za-z]/.test(name) ? name : `value${name}`;
}

export function singular(noun: string): string {
  return noun.replace(/ies$/, 'y').replace(/([^s])s$/, '$1');
}
