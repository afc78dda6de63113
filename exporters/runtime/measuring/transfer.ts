import { WrittenNumber } from '../../../pack/reading/written-number.js';
import { type Part, SecretText } from '../../../pack/secrets/secret.js';

const SECRET = '$secret';
const NUMBER = '$written-number';

/**
 * A description as text for another thread. Secrets cross as references, never as values; the thread reads them when
 * it needs them. Equal descriptions give equal texts, which tells whether a reload changed something.
 */
export function encodeWithSecrets(value: unknown): string {
  // A function sees the value after toJSON, which already says `<secret>`; `this` still has the real one.
  return JSON.stringify(value, function (this: unknown, key, item: unknown) {
    const original = typeof this === 'object' && this !== null ? Reflect.get(this, key) : undefined;
    if (original instanceof WrittenNumber) return { [NUMBER]: original.digits };
    return original instanceof SecretText ? { [SECRET]: original.parts } : item;
  });
}

/** The inverse of {@link encodeWithSecrets}. The text is our own, so its shape is not checked again. */
export function decodeWithSecrets<T>(text: string): T {
  return JSON.parse(text, (_, value: unknown) => {
    if (typeof value !== 'object' || value === null) return value;
    if (NUMBER in value && typeof value[NUMBER] === 'string') return new WrittenNumber(value[NUMBER]);
    return SECRET in value && Array.isArray(value[SECRET]) ? new SecretText(value[SECRET] as Part[]) : value;
  });
}
