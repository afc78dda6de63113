import type { NoteSigner } from '../signing/note.js';
import { type CommonStatement, type DisposalStatement, isDisposal } from './statement.js';
import type { SealStore } from './store.js';

export interface Disposal {
  /** Entries, both inclusive. */
  readonly first: number;
  readonly last: number;
  /** The rule or order that allows it. */
  readonly reason: string;
  readonly by: string;
}

/**
 * States, signed, that the records of these entries were lawfully disposed of. Root and count of each entry stay in the
 * log; its leaf hashes and record keys go, because a hash of a known form can be tried out. The records themselves are
 * not touched: whoever may delete them does that.
 */
export async function disposeEntries<S extends CommonStatement, V>(
  store: SealStore<S, V>,
  disposal: Disposal,
  signers: readonly NoteSigner[],
  now: Date,
): Promise<DisposalStatement> {
  const { first, last, reason, by } = disposal;
  if (first > last || first < 0 || last >= store.index.length) {
    throw new RangeError(`there are no entries ${first} to ${last}; the log has 0 to ${store.index.length - 1}`);
  }
  let count = 0;
  for (let seq = first; seq <= last; seq += 1) {
    if (store.index.isDisposed(seq)) throw new RangeError(`entry ${seq} was disposed of already`);
    count += store.index.size(seq) - store.index.size(seq - 1);
  }
  // The statement is written before the leaves are removed. After a crash in between, the next start removes them.
  const entry = await store.appendDisposal({ kind: 'disposal', first, last, count, reason, by }, now, signers);
  await store.forgetLeaves(first, last);
  await store.settle();
  if (!isDisposal(entry.statement)) throw new Error('the log returned another entry');
  return entry.statement;
}
