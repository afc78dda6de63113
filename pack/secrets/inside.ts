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
 */
export function* inside(value: string, depth = DEEPEST): Generator<InnerField> {
  if (depth === 0 || value.length > LONGEST) return;
  const plain = decoded(value);
  if (plain !== value) yield* inside(plain, depth - 1);
  for (const field of documentFields(value) ?? written(value)) {
    yield field;
    yield* inside(field.value, depth - 1);
  }
}

/** The fields of a value that is itself a document; undefined if it is not. */
export function documentFields(value: string): readonly InnerField[] | undefined {
  const json = /^\s*[[{]/.test(value) ? jsonOf(value) : undefined;
  if (typeof json === 'object' && json !== null) return [...jsonInnerFields(json, '')];
  return isGraphQl(value) ? [...graphQlArguments(value)] : undefined;
}

/** A GraphQL query, with its keyword or in short form: `{ clients { id } }`. */
export function isGraphQl(text: string): boolean {
  return /^\s*(#[^\n]*\n\s*)*((query|mutation|subscription|fragment)\b[^{]*)?\{/.test(text);
}

function* jsonInnerFields(json: unknown, name: string): Generator<InnerField> {
  if (typeof json !== 'object' || json === null) yield { name, value: String(json) };
  else if (Array.isArray(json)) for (const item of json) yield* jsonInnerFields(item, name);
  else for (const [key, item] of Object.entries(json)) yield* jsonInnerFields(item, key);
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
function* graphQlArguments(document: string): Generator<InnerField> {
  const tokens = document.matchAll(
    /#[^\n]*|"""([\s\S]*?)"""|("(?:[^"\\\n]|\\.)*")|(-?\d[\w.+-]*)|\$?([\p{L}_][\p{L}\d_]*)|:/gu,
  );
  let name = '';
  let last = '';
  for (const [token, block, text, number, word] of tokens) {
    const value = block ?? (text === undefined ? number : String(jsonOf(text) ?? text.slice(1, -1)));
    // A commented-out part may hold a secret that was tried before.
    if (token.startsWith('#')) yield* written(token);
    else if (value !== undefined) yield { name, value };
    else if (word !== undefined) last = word;
    else if (token === ':') name = last;
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
