import { createHash } from 'node:crypto';
import { z } from 'zod';

const DAY_MS = 86_400_000;
/** The oldest tested age, plus a day, plus another day for clock corrections. */
const KEPT_MS = 92 * DAY_MS;

const entrySchema = z.object({
  madeAtMs: z.number(),
  /** Given if the provider has lasting versions. */
  version: z.string().optional(),
  context: z.string(),
  /** SHA-256 of the plaintext. The plaintext itself is not stored. */
  digest: z.string(),
  /** In the provider's format. */
  sealed: z.string(),
});
export type KeptCanary = z.infer<typeof entrySchema>;

const bookSchema = z.object({
  format: z.literal(1),
  canaries: z.array(entrySchema),
  /** When the loss of the previous record was found: the state of its canaries is unknown. */
  lostAtMs: z.number().optional(),
});
/** Ciphertexts that must stay decryptable. Oldest first. */
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

/** The youngest canary of at least this age; each day another one reaches it. */
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

/** Whether to keep another canary: once a day, and at once for a version without one. */
export function wantsAnother(book: CanaryBook, version: string | undefined, nowMs: number): boolean {
  const newest = book.canaries.at(-1);
  // A canary with a time in the future was created before the clock was set back, and would block all others.
  if (newest === undefined || Math.abs(nowMs - newest.madeAtMs) >= DAY_MS) return true;
  return version !== undefined && !book.canaries.some((each) => each.version === version);
}

/** The record with one more canary, and without those that no test needs any more. */
export function withCanary(book: CanaryBook, canary: KeptCanary, nowMs: number): CanaryBook {
  const all = { ...book, canaries: [...book.canaries, canary].toSorted((a, b) => a.madeAtMs - b.madeAtMs) };
  const asked = new Set([canaryOfAge(all, 90, nowMs), ...oldestOfVersions(all).values()]);
  return { ...all, canaries: all.canaries.filter((each) => nowMs - each.madeAtMs < KEPT_MS || asked.has(each)) };
}

/** If each ciphertext names its own key, that is not a version and must not be kept for ever as one. */
export function withoutVersions<B extends { readonly canaries: readonly KeptCanary[] }>(book: B): B {
  return { ...book, canaries: book.canaries.map(({ version: _, ...rest }) => rest) };
}

/** After a person has acknowledged the loss, or when this record is as old as the oldest tested age. */
export function withoutLoss({ lostAtMs: _, ...book }: CanaryBook): CanaryBook {
  return book;
}

export function canaryDigest(bytes: string | Buffer): string {
  return createHash('sha256').update(bytes).digest('hex');
}
