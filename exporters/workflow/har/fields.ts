import { decoded, documentFields } from '../../../pack/secrets/inside.js';
import { nameFor } from './names.js';
import { type HarEntry, isJson, jsonOf, mediaType, type PostData } from './read.js';

export interface FormField {
  readonly name: string;
  /** Texts and numbers unchanged; anything else as JSON. */
  readonly value: string;
  /** It was inside another field, such as a GraphQL document, or another field has the same name. */
  readonly isNested: boolean;
}

export interface FormFields {
  readonly encoding: 'json' | 'form' | 'other';
  readonly fields: readonly FormField[];
}

/** The fields that a request sent, for any kind of body. */
export function fieldsOf({ postData }: HarEntry): FormFields {
  if (postData === undefined) return { encoding: 'other', fields: [] };
  const type = mediaType(postData.mimeType);
  const json = isJson(type) || /^\s*[[{]/.test(postData.text) ? jsonOf(postData.text) : undefined;
  if (json !== undefined) {
    return { encoding: 'json', fields: [...jsonFields(json, '', Array.isArray(json))].flatMap(withInner) };
  }
  if (type === 'application/x-www-form-urlencoded' || type === '') {
    return {
      encoding: 'form',
      fields: formFields(postData).flatMap(([name, value]) => withInner({ name, value, isNested: false })),
    };
  }
  // A file upload, XML, or truncated JSON: only names are needed.
  const names = [
    ...postData.params.map(({ name }) => name),
    ...[...postData.text.matchAll(/(?:\bname=|[<"'])"?([\w-]{1,60})/g)].map(([, name]) => name ?? ''),
  ];
  return { encoding: 'other', fields: names.map((name) => ({ name, value: '', isNested: false })) };
}

function withInner(field: FormField): FormField[] {
  const inner = documentFields(field.value) ?? [];
  return [field, ...inner.map((pair) => ({ ...pair, isNested: true }))];
}

/** The fields of a form. Firefox and mitmproxy list them; others save the text alone. */
export function formFields({ text, params }: PostData): (readonly [string, string])[] {
  return text === ''
    ? params.map(({ name, value }) => [decoded(name), decoded(value)] as const)
    : [...new URLSearchParams(text)];
}

function* jsonFields(value: unknown, name: string, isNested: boolean): Generator<FormField> {
  if (Array.isArray(value)) {
    for (const item of value) yield* jsonFields(item, name, true);
  } else if (typeof value === 'object' && value !== null) {
    const entries = Object.entries(value);
    for (const [key, inner] of entries) yield* jsonFields(inner, nameFor(key, entries), isNested || name !== '');
  } else {
    yield { name, value: typeof value === 'string' ? value : JSON.stringify(value), isNested };
  }
}
