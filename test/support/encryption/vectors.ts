import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';
import { packageRoot } from '../../../pack/index.js';

const vectorSchema = z.object({
  /** Backend, suite or key type of the library. */
  variant: z.string(),
  plaintext: z.string(),
  /** As the library gives it: text, bytes in Base64, or a document. */
  text: z.string().optional(),
  base64: z.base64().optional(),
  json: z.record(z.string(), z.string()).optional(),
});
const fileSchema = z.object({ madeBy: z.string(), vectors: z.array(vectorSchema).min(1) });

export type Vector = z.output<typeof vectorSchema>;

/** Ciphertexts that another library made; test/vectors/ says how. */
export function vectors(name: string): readonly Vector[] {
  const file = join(packageRoot(), 'test', 'fixtures', 'encryption', 'vectors', `${name}.json`);
  return fileSchema.parse(JSON.parse(readFileSync(file, 'utf8'))).vectors;
}

/** The first vector of each variant with at least so long a plaintext. */
export function oneOfEach(all: readonly Vector[], plaintextCharacters: number): readonly Vector[] {
  const found = new Map<string, Vector>();
  for (const each of all) {
    if (each.plaintext.length >= plaintextCharacters && !found.has(each.variant)) found.set(each.variant, each);
  }
  return [...found.values()];
}

export function textsOf(all: readonly Vector[]): string[] {
  return all.flatMap(({ text }) => text ?? []);
}

export function bytesOf(all: readonly Vector[]): Buffer[] {
  return all.flatMap(({ base64 }) => (base64 === undefined ? [] : [Buffer.from(base64, 'base64')]));
}
