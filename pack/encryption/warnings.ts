import { type FieldEncryption, hasGroup } from './model.js';

/** What of a description is valid and yet worth a word. */
export function encryptionWarnings({ name, scan }: FieldEncryption): readonly string[] {
  const columns = scan?.columns ?? [];
  return columns.flatMap(({ table, column, format }) =>
    format.kind === 'regex' && !hasGroup(format.pattern, 'ciphertext')
      ? [
          `encryption.${name}.scan.columns: the regex of ${table}.${column} has no group (?<ciphertext>…), so that the whole value ` +
            'is asked whether it is readable, and the Base64 and hex in it. Name the part that is encrypted: what stands beside it ' +
            'may hide readable text, or look like it.',
        ]
      : [],
  );
}
