/** `{variables}` in the texts that are sent to a portal. */
import type { KeyPath } from '../reading/source-node.js';
import { nameOf } from '../secrets/secret-places.js';
import { isSensitiveName } from '../secrets/secret-shapes.js';

export interface Template {
  readonly path: KeyPath;
  readonly text: string;
}

/** If the name is that of a secret, the text in braces may itself be the secret. */
export function shownVariable(path: KeyPath, variable: string): string {
  return isSensitiveName(nameOf(path)) ? 'what stands in braces' : `{${variable}}`;
}

export function variablesIn(text: string): string[] {
  return [...text.matchAll(/\{([A-Za-z][A-Za-z0-9_]*)\}/g)].flatMap(([, name]) => (name === undefined ? [] : [name]));
}

/** Every text of a value. */
export function* templatesIn(value: unknown, path: KeyPath): Generator<Template> {
  if (typeof value === 'string') {
    yield { path, text: value };
  } else if (Array.isArray(value)) {
    for (const [index, item] of value.entries()) {
      yield* templatesIn(item, [...path, index]);
    }
  } else if (typeof value === 'object' && value !== null) {
    for (const [key, item] of Object.entries(value)) {
      yield* templatesIn(item, [...path, key]);
    }
  }
}
