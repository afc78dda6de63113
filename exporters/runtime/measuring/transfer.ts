import { WrittenNumber } from '../../../pack/reading/written-number.js';
import { type Part, SecretText } from '../../../pack/secrets/secret.js';

const SECRET = '$secret';
const NUMBER = '$written-number';

/**
 * A description as text for another thread. Secrets are passed as references, never as values; the thread reads them
 * when it needs them. Equal descriptions give equal texts, which shows whether a reload changed something.
 */
export function encodeWithSecrets(value: unknown): string {
  // The function gets the value after toJSON, which is already `<secret>`; `this` still has the real value.
  return JSON.stringify(value, function (this: unknown, key, item: unknown) {
    const original = typeof this === 'object' && this !== null ? Reflect.get(this, key) : undefined;
    if (original instanceof WrittenNumber) return { [NUMBER]: original.digits };
    return original instanceof SecretText ? { [SECRET]: original.parts } : item;
  });
}

/**
 * The inverse of {@link encodeWithSecrets}. The exporter created the text itself, so its shape is not checked again.
 */
export function decodeWithSecrets<T>(text: string): T {
  return JSON.parse(text, (_, value: unknown) => {
    if (typeof value !== 'object' || value === null) return value;
    if (NUMBER in value && typeof value[NUMBER] === 'string') return new WrittenNumber(value[NUMBER]);
    return SECRET in value && Array.isArray(value[SECRET]) ? new SecretText(value[SECRET] as Part[]) : value;
  });
}
