import { z } from 'zod';
import type { AuditOperation } from '../../../pack/index.js';

/** More transactions than this wait for an older one only where something has gone wrong; memory must not follow. */
const MOST_WAITING = 200_000;

const deedsSchema = z.object({
  changes: z.record(z.string(), z.number()),
  created: z.array(z.string()),
  locked: z.array(z.string()),
  truncated: z.array(z.string()),
});

/** By transaction id. */
export const ledgerSchema = z.object({
  open: z.record(z.string(), deedsSchema),
  committed: z.record(z.string(), deedsSchema),
});
type PlainLedger = z.infer<typeof ledgerSchema>;

/** What a transaction did, by relation: `relation` is whatever the source calls it. */
export class Deeds {
  readonly changes = new Map<string, number>();
  /** Files that it made. */
  readonly created = new Set<string>();
  /** Relations that it locked as only DDL and TRUNCATE do. */
  readonly locked = new Set<string>();
  /** Relations that it says it truncated. */
  readonly truncated = new Set<string>();

  add(operation: AuditOperation, relation: string, changes: number): void {
    const key = `${operation} ${relation}`;
    this.changes.set(key, (this.changes.get(key) ?? 0) + changes);
  }

  static fromPlain({ changes, created, locked, truncated }: z.infer<typeof deedsSchema>): Deeds {
    const deeds = new Deeds();
    for (const [key, n] of Object.entries(changes)) deeds.changes.set(key, n);
    for (const file of created) deeds.created.add(file);
    for (const relation of locked) deeds.locked.add(relation);
    for (const relation of truncated) deeds.truncated.add(relation);
    return deeds;
  }

  toPlain(): z.infer<typeof deedsSchema> {
    return {
      changes: Object.fromEntries(this.changes),
      created: [...this.created],
      locked: [...this.locked],
      truncated: [...this.truncated],
    };
  }

  merge(other: Deeds): void {
    for (const [key, changes] of other.changes) this.changes.set(key, (this.changes.get(key) ?? 0) + changes);
    for (const file of other.created) this.created.add(file);
    for (const relation of other.locked) this.locked.add(relation);
    for (const relation of other.truncated) this.truncated.add(relation);
  }
}

/**
 * Deeds by transaction, until it is known whether each was committed, and until its turn has come. The log tells the
 * deeds of a savepoint under an id of its own, which the commit then names.
 */
export class Ledger {
  readonly #open = new Map<bigint, Deeds>();
  readonly #committed = new Map<bigint, Deeds>();

  static fromPlain({ open, committed }: PlainLedger): Ledger {
    const ledger = new Ledger();
    for (const [xid, deeds] of Object.entries(open)) ledger.#open.set(BigInt(xid), Deeds.fromPlain(deeds));
    for (const [xid, deeds] of Object.entries(committed)) ledger.#committed.set(BigInt(xid), Deeds.fromPlain(deeds));
    return ledger;
  }

  toPlain(): PlainLedger {
    const plain = (deeds: ReadonlyMap<bigint, Deeds>) =>
      Object.fromEntries([...deeds].map(([xid, each]) => [xid.toString(), each.toPlain()]));
    return { open: plain(this.#open), committed: plain(this.#committed) };
  }

  /** To write into while it is not certain yet that the reading succeeds. */
  copy(): Ledger {
    const copy = new Ledger();
    for (const [from, to] of [
      [this.#open, copy.#open],
      [this.#committed, copy.#committed],
    ] as const) {
      for (const [xid, deeds] of from) {
        const own = new Deeds();
        own.merge(deeds);
        to.set(xid, own);
      }
    }
    return copy;
  }

  of(xid: bigint): Deeds {
    const known = this.#open.get(xid);
    if (known !== undefined) return known;
    const deeds = new Deeds();
    this.#open.set(xid, deeds);
    return deeds;
  }

  commit(top: bigint, savepoints: readonly bigint[]): void {
    const all = this.#committed.get(top) ?? new Deeds();
    for (const xid of [top, ...savepoints]) {
      const deeds = this.#open.get(xid);
      if (deeds !== undefined) all.merge(deeds);
      this.#open.delete(xid);
    }
    if (all.changes.size + all.created.size + all.truncated.size > 0) this.#committed.set(top, all);
  }

  abort(top: bigint, savepoints: readonly bigint[]): void {
    for (const xid of [top, ...savepoints]) this.#open.delete(xid);
  }

  /**
   * The committed transactions below an id. What is still open there has ended without a word, as in a crash, and is
   * forgotten: nothing of it was committed.
   */
  take(below: bigint): Deeds[] {
    const taken: Deeds[] = [];
    for (const [top, deeds] of this.#committed) {
      if (top >= below) continue;
      taken.push(deeds);
      this.#committed.delete(top);
    }
    for (const xid of this.#open.keys()) if (xid < below) this.#open.delete(xid);
    return taken;
  }

  /** Forgets what happened before counting began. */
  dropBelow(xid: bigint): void {
    this.take(xid);
  }

  get size(): number {
    return this.#committed.size + this.#open.size;
  }

  get isOverfull(): boolean {
    return this.size > MOST_WAITING;
  }
}
