import { type VerificationKind, verificationKinds } from '../../../pack/sealing/model.js';

const MOST_REMEMBERED = 10_000;

/** Counts open failures, each once, however often it is met again. */
export class FailureCounts {
  readonly #seen = new Set<string>();
  readonly #counts = new Map<VerificationKind, number>(verificationKinds.map((kind) => [kind, 0]));

  /** @returns whether it is new. */
  add(kind: VerificationKind, what: string): boolean {
    const key = `${kind} ${what}`;
    if (this.#seen.has(key)) return false;
    if (this.#seen.size >= MOST_REMEMBERED) this.#seen.clear();
    this.#seen.add(key);
    this.#counts.set(kind, this.of(kind) + 1);
    return true;
  }

  /** Found in order since. */
  withdraw(kind: VerificationKind, what: string): void {
    if (this.#seen.delete(`${kind} ${what}`)) this.#counts.set(kind, this.of(kind) - 1);
  }

  of(kind: VerificationKind): number {
    return this.#counts.get(kind) ?? 0;
  }

  all(): Readonly<Record<VerificationKind, number>> {
    const of = (kind: VerificationKind) => this.of(kind);
    return {
      signature: of('signature'),
      size: of('size'),
      consistency: of('consistency'),
      chunk: of('chunk'),
      anchor: of('anchor'),
      fork: of('fork'),
      missing: of('missing'),
    };
  }
}
