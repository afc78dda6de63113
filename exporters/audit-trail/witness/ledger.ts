import { z } from 'zod';
import type { AuditOperation } from '../../../pack/audit-trail/model.js';

/** More transactions than this wait for an older one only where something has gone wrong; memory must not follow. */
const MOST_WAITING = 200_000;

const changesSchema = z.object({ changes: z.record(z.string(), z.number()) });

/** By transaction id. */
export const ledgerSchema = z.object({ committed: z.record(z.string(), changesSchema) });
type PlainLedger = z.infer<typeof ledgerSchema>;

/** How often a transaction changed each relation, by operation and the source's name of the relation. */
export type Changes = ReadonlyMap<string, number>;

/** Changes of committed transactions, until it is the turn of each. */
export class Ledger {
  readonly #committed: Map<bigint, Map<string, number>>;

  constructor(committed: Iterable<readonly [bigint, Changes]> = []) {
    this.#committed = new Map([...committed].map(([xid, changes]) => [xid, new Map(changes)]));
  }

  static fromPlain({ committed }: PlainLedger): Ledger {
    return new Ledger(
      Object.entries(committed).map(([xid, { changes }]) => [BigInt(xid), new Map(Object.entries(changes))]),
    );
  }

  toPlain(): PlainLedger {
    const entries = [...this.#committed].map(([xid, changes]) => [
      xid.toString(),
      { changes: Object.fromEntries(changes) },
    ]);
    return { committed: Object.fromEntries(entries) };
  }

  /** To write into while it is not certain yet that the reading succeeds. */
  copy(): Ledger {
    return new Ledger(this.#committed);
  }

  add(xid: bigint, operation: AuditOperation, relation: string, changes: number): void {
    const own = this.#committed.get(xid) ?? new Map<string, number>();
    const key = `${operation} ${relation}`;
    this.#committed.set(xid, own.set(key, (own.get(key) ?? 0) + changes));
  }

  /** The transactions below an id; they are forgotten. */
  take(below: bigint): Changes[] {
    const taken: Changes[] = [];
    for (const [xid, changes] of this.#committed) {
      if (xid >= below) continue;
      taken.push(changes);
      this.#committed.delete(xid);
    }
    return taken;
  }

  get size(): number {
    return this.#committed.size;
  }

  get isOverfull(): boolean {
    return this.size > MOST_WAITING;
  }
}
