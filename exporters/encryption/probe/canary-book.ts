import { createHash } from 'node:crypto';
import { z } from 'zod';

const DAY_MS = 86_400_000;
/** A day more than the oldest age that is tested, and another for a clock that is corrected. */
const KEPT_MS = 92 * DAY_MS;

const entrySchema = z.object({
  madeAtMs: z.number(),
  /** Where the provider tells lasting ones. */
  version: z.string().optional(),
  context: z.string(),
  /** Of the plaintext, SHA-256. The plaintext itself is kept nowhere. */
  digest: z.string(),
  /** As the provider writes it. */
  sealed: z.string(),
});
export type KeptCanary = z.infer<typeof entrySchema>;

const bookSchema = z.object({
  format: z.literal(1),
  canaries: z.array(entrySchema),
  /** When it was found that the record before this one was gone: of what that held, nobody knows any more. */
  lostAtMs: z.number().optional(),
});
/** Ciphertexts that were made once and must open for ever. Oldest first. */
export type CanaryBook = z.infer<typeof bookSchema>;

const envelopeSchema = z.object({ sha256: z.string(), book: z.unknown() });

export const newBook: CanaryBook = { format: 1, canaries: [] };

export function writtenBook(book: CanaryBook): string {
  return `${JSON.stringify({ sha256: canaryDigest(JSON.stringify(book)), book })}\n`;
}

/** @returns undefined when it is damaged. */
export function readBook(text: string): CanaryBook | undefined {
  try {
    const { sha256: told, book } = envelopeSchema.parse(JSON.parse(text));
    return canaryDigest(JSON.stringify(book)) === told ? bookSchema.parse(book) : undefined;
  } catch {
    return undefined;
  }
}

/** The youngest canary of at least this age: each day another one reaches it. */
export function canaryOfAge({ canaries }: CanaryBook, days: number, nowMs: number): KeptCanary | undefined {
  return canaries.findLast(({ madeAtMs }) => nowMs - madeAtMs >= days * DAY_MS);
}

/** The oldest of each version. */
export function oldestOfVersions({ canaries }: CanaryBook): ReadonlyMap<string, KeptCanary> {
  const found = new Map<string, KeptCanary>();
  for (const each of canaries) {
    if (each.version !== undefined && !found.has(each.version)) found.set(each.version, each);
  }
  return found;
}

/** Whether another one is to be kept: once a day, and at once under a version of which there is none. */
export function wantsAnother(book: CanaryBook, version: string | undefined, nowMs: number): boolean {
  const newest = book.canaries.at(-1);
  // One that was made in the future was made before the clock was set back, and would keep all others out.
  if (newest === undefined || Math.abs(nowMs - newest.madeAtMs) >= DAY_MS) return true;
  return version !== undefined && !book.canaries.some((each) => each.version === version);
}

/** With one more, and without those that no test asks for any more. */
export function withCanary(book: CanaryBook, canary: KeptCanary, nowMs: number): CanaryBook {
  const all = { ...book, canaries: [...book.canaries, canary].toSorted((a, b) => a.madeAtMs - b.madeAtMs) };
  const asked = new Set([canaryOfAge(all, 90, nowMs), ...oldestOfVersions(all).values()]);
  return { ...all, canaries: all.canaries.filter((each) => nowMs - each.madeAtMs < KEPT_MS || asked.has(each)) };
}

/** Where each ciphertext names a key of its own: that is no version, and must not be kept as one for good. */
export function withoutVersions<B extends { readonly canaries: readonly KeptCanary[] }>(book: B): B {
  return { ...book, canaries: book.canaries.map(({ version: _, ...rest }) => rest) };
}

/** Once a person has acknowledged the loss, or this record proves as much as the lost one did. */
export function withoutLoss({ lostAtMs: _, ...book }: CanaryBook): CanaryBook {
  return book;
}

export function canaryDigest(bytes: string | Buffer): string {
  return createHash('sha256').update(bytes).digest('hex');
}
