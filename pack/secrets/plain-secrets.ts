/**
 * Plain values that may be secrets although the names of their keys do not say so. If a name does say so, the value is
 * refused.
 */
import { type KeyPath, keyText } from '../reading/source-node.js';
import { inside } from './inside.js';
import { SecretText } from './secret.js';
import { isLiteralSecret } from './secret-shapes.js';

export type WrittenText = readonly [path: KeyPath, text: string];

/** What holds a field with the name of a secret, and a value in plain behind it. */
export function innerSecret(path: KeyPath, text: string): string[] {
  const found = [...inside(text)].find(({ name, value }) => isLiteralSecret(name, value));
  return found === undefined
    ? []
    : [
        `${keyText(path)} holds '${found.name}' with a value in plain; if it is a secret, write a reference in its place.`,
      ];
}

/** The texts of a value, and of references what stands around them. */
export function* textsIn(value: unknown, path: KeyPath): Generator<WrittenText> {
  if (typeof value === 'string') yield [path, value];
  else if (value instanceof SecretText) yield* literalsOf(value, path);
  else if (Array.isArray(value)) for (const [index, item] of value.entries()) yield* textsIn(item, [...path, index]);
  else if (typeof value === 'object' && value !== null) {
    for (const [key, item] of Object.entries(value)) yield* textsIn(item, [...path, key]);
  }
}

/** The text around references; each reference is replaced by an empty variable. */
function* literalsOf(text: SecretText, path: KeyPath): Generator<WrittenText> {
  yield [path, text.parts.map((part) => (part.kind === 'text' ? part.text : '{reference}')).join('')];
}
