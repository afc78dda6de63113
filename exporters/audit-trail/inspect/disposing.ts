import type { AuditTrail, Seal } from '../../../pack/index.js';
import { type Disposal, disposeChunks, type NoteSigner, SealStore, signersFromPem } from '../seal/index.js';

export interface DisposalPlan extends Omit<Disposal, 'reason' | 'by'> {
  readonly records: number;
  /** When the first and the last of these entries were sealed. */
  readonly from: string;
  readonly until: string;
  /** Days for which the configuration promises to keep records, where some of these are younger. */
  readonly isTooEarly: boolean;
}

/** Which entries are meant: by their numbers, or all that were sealed before a moment and are not disposed of yet. */
export type Choice = { readonly first: number; readonly last: number } | { readonly before: Date };

const DAY_MS = 86_400_000;

/** @returns undefined when nothing is to be disposed of. */
export async function planDisposal(
  store: SealStore,
  choice: Choice,
  { retention }: Pick<AuditTrail, 'retention'>,
  now: Date,
): Promise<DisposalPlan | undefined> {
  const range = 'before' in choice ? await sealedBefore(store, choice.before) : choice;
  if (range === undefined) return undefined;
  const { first, last } = range;
  const begin = await store.entry(first);
  const end = await store.entry(last);
  const keptUntil = now.getTime() - retention.keepDays * DAY_MS;
  return {
    first,
    last,
    records: store.index.size(last) - store.index.size(first - 1),
    from: begin.statement.time,
    until: end.statement.time,
    isTooEarly: Date.parse(end.statement.time) > keptUntil,
  };
}

export async function dispose(seal: Seal, disposal: Disposal, now: Date): Promise<void> {
  await withWritable(seal, async (store, signers) => {
    await disposeChunks(store, disposal, signers, now);
  });
}

/** Holds the lock that a sealer holds; both at once is refused. */
export async function withWritable<T>(
  seal: Seal,
  work: (store: SealStore, signers: readonly NoteSigner[]) => Promise<T>,
): Promise<T> {
  const { directory, origin } = seal;
  const signers = signersFromPem(origin, seal.key.reveal());
  const store = await SealStore.open({ directory, origin, keys: signers.map(({ verifier }) => verifier) });
  try {
    return await work(store, signers);
  } finally {
    await store.close();
  }
}

async function sealedBefore(store: SealStore, before: Date): Promise<{ first: number; last: number } | undefined> {
  const { index } = store;
  let first = 0;
  while (first < index.length && index.isDisposed(first)) first += 1;
  let last = first - 1;
  while (last + 1 < index.length && Date.parse((await store.entry(last + 1)).statement.time) < before.getTime())
    last += 1;
  return last < first ? undefined : { first, last };
}
