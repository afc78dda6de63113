import { decoded, documentFields } from '../../../pack/secrets/inside.js';
import { namedValues } from '../../../pack/secrets/named-values.js';
import { isSecretName } from './names.js';
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
    return { encoding: 'json', fields: jsonFields(json).flatMap(withInner) };
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
  const inner = documentFields(field.value, isSecretName) ?? [];
  return [field, ...inner.map((pair) => ({ ...pair, isNested: true }))];
}

/** The fields of a form. Firefox and mitmproxy list them; others save the text alone. */
export function formFields({ text, params }: PostData): (readonly [string, string])[] {
  return text === ''
    ? params.map(({ name, value }) => [decoded(name), decoded(value)] as const)
    : [...new URLSearchParams(text)];
}

function jsonFields(json: unknown): FormField[] {
  return [...namedValues(json, isSecretName)].map(({ name, key, value, depth }) => ({
    // What stands below `password` may be a rule for passwords; what is called its value is one.
    name: isValueKey(key) ? name : key,
    value: typeof value === 'string' ? value : JSON.stringify(value),
    isNested: depth > 1,
  }));
}

function isValueKey(key: string): boolean {
  return /^(|val(ue)?|v|te?xt|content|data|plain|raw|string|input)$/i.test(key);
}
