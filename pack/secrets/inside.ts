import { type IsSecret, namedValues } from './named-values.js';
import { isTypedName } from './secret-shapes.js';

/** Longer values are not searched: they contain no typed fields, or are refused as a whole. */
const LONGEST = 20_000;
const DEEPEST = 4;

export interface InnerField {
  readonly name: string;
  readonly value: string;
}

/**
 * The fields inside one value: of a GraphQL document, of JSON, of a URL or a form, of a path with parameters. Their
 * names tell what is a secret, independent of the name of the value itself.
 *
 * @param isSecret of which names everything below is a secret, too. Default: of what people type.
 */
export function* inside(value: string, isSecret: IsSecret = isTypedName, depth = DEEPEST): Generator<InnerField> {
  if (depth === 0 || value.length > LONGEST) return;
  const plain = decoded(value);
  if (plain !== value) yield* inside(plain, isSecret, depth - 1);
  for (const field of documentFields(value, isSecret) ?? written(value)) {
    yield field;
    yield* inside(field.value, isSecret, depth - 1);
  }
}

/** The fields of a value that is itself a document; undefined if it is not. */
export function documentFields(value: string, isSecret: IsSecret = isTypedName): readonly InnerField[] | undefined {
  const json = /^\s*[[{]/.test(value) ? jsonOf(value) : undefined;
  if (typeof json === 'object' && json !== null)
    return [...namedValues(json, isSecret)].map((one) => ({ name: one.name, value: String(one.value) }));
  return isGraphQl(value) ? [...graphQlArguments(value, isSecret)] : undefined;
}

/** A GraphQL query, with its keyword or in short form: `{ clients { id } }`. */
export function isGraphQl(text: string): boolean {
  return /^\s*(#[^\n]*\n\s*)*((query|mutation|subscription|fragment)\b[^{]*)?\{/.test(text);
}

/** `a=b`, `a: b` and similar forms, also after `?`, `&`, `;`, `#`, a comma or a slash. */
function* written(value: string): Generator<InnerField> {
  for (const [, name = '', inner = ''] of value.matchAll(
    /(?<![\p{L}\p{M}\d_.$-])([\p{L}\p{M}\d_.$-]{1,80})["']?\s*[=:]\s*["']?([^\s&;?#,"'/]+)/gu,
  )) {
    yield { name, value: inner };
  }
}

/** The texts and numbers of a document by the name of their argument; names, such as those of types, are no values. */
function* graphQlArguments(document: string, isSecret: IsSecret): Generator<InnerField> {
  const tokens = document.matchAll(
    /#[^\n]*|"""([\s\S]*?)"""|("(?:[^"\\\n]|\\.)*")|(-?\d[\w.+-]*)|\$?([\p{L}_][\p{L}\d_]*)|[:{}()[\]]/gu,
  );
  /** Of the objects and lists that are open, the nearest name of a secret. */
  const above: string[] = [];
  let name = '';
  let last = '';
  for (const [token, block, text, number, word] of tokens) {
    const value = block ?? (text === undefined ? number : String(jsonOf(text) ?? text.slice(1, -1)));
    // A commented-out part may hold a secret that was tried before.
    if (token.startsWith('#')) yield* written(token);
    else if (value !== undefined) {
      const outer = above.at(-1) ?? '';
      yield { name: outer !== '' && !isSecret(name) ? outer : name, value };
    } else if (word !== undefined) last = word;
    else if (token === ':') name = last;
    else if (/[{([]/.test(token)) {
      above.push(isSecret(name) ? name : (above.at(-1) ?? ''));
      if (token !== '[') name = '';
    } else {
      above.pop();
      name = '';
    }
  }
}

/** As it was typed, if that can be determined. */
export function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

function jsonOf(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
