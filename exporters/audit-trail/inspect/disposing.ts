import type { AuditTrail } from '../../../pack/audit-trail/model.js';
import type { Seal } from '../../../pack/sealing/model.js';
import {
  type AuditStore,
  type Disposal,
  disposeEntries,
  type NoteSigner,
  openAuditStore,
  signersFromPem,
} from '../seal/index.js';

/** Entries, both inclusive. */
export type EntryRange = Pick<Disposal, 'first' | 'last'>;

export interface DisposalPlan {
  /** More than one where something between was disposed of already, such as by an erasure; a statement for each. */
  readonly ranges: readonly EntryRange[];
  readonly records: number;
  /** When the first and the last of these entries were sealed. */
  readonly from: string;
  readonly until: string;
  /** The configuration promises to keep some of these for longer. */
  readonly isTooEarly: boolean;
}

/** Selects entries: by number, or all that were sealed before a moment and are not disposed of yet. */
export type Choice = { readonly first: number; readonly last: number } | { readonly before: Date };

const DAY_MS = 86_400_000;

/** @returns undefined when nothing is to be disposed of. */
export async function planDisposal(
  store: AuditStore,
  choice: Choice,
  { retention }: Pick<AuditTrail, 'retention'>,
  now: Date,
): Promise<DisposalPlan | undefined> {
  const ranges = 'before' in choice ? await sealedBefore(store, choice.before) : [choice];
  const [begin] = ranges;
  const end = ranges.at(-1);
  if (begin === undefined || end === undefined) return undefined;
  const { time: from } = (await store.entry(begin.first)).statement;
  const { time: until } = (await store.entry(end.last)).statement;
  const keptUntil = now.getTime() - retention.keepDays * DAY_MS;
  return {
    ranges,
    records: ranges.reduce((sum, { first, last }) => sum + store.index.size(last) - store.index.size(first - 1), 0),
    from,
    until,
    isTooEarly: Date.parse(until) > keptUntil,
  };
}

/** One after the other. After an interruption, the same command does the rest. */
export async function dispose(
  seal: Seal,
  ranges: readonly EntryRange[],
  why: Pick<Disposal, 'reason' | 'by'>,
  now: Date,
): Promise<void> {
  await withWritable(seal, async (store, signers) => {
    for (const range of ranges) await disposeEntries(store, { ...range, ...why }, signers, now);
  });
}

/** Holds the lock that a sealer holds; both at once is refused. */
export async function withWritable<T>(
  seal: Seal,
  work: (store: AuditStore, signers: readonly NoteSigner[]) => Promise<T>,
): Promise<T> {
  const { directory, origin } = seal;
  const signers = signersFromPem(origin, seal.key.reveal());
  const store = await openAuditStore({ directory, origin, keys: signers.map(({ verifier }) => verifier) });
  try {
    return await work(store, signers);
  } finally {
    await store.close();
  }
}

/** Runs of entries that were not disposed of yet. A run without a chunk holds no records and is left out. */
async function sealedBefore(store: AuditStore, before: Date): Promise<readonly EntryRange[]> {
  const { index, view } = store;
  const ranges: { first: number; last: number; hasChunk: boolean }[] = [];
  for (let seq = 0; seq < index.length; seq += 1) {
    if (index.isDisposed(seq)) continue;
    if (Date.parse((await store.entry(seq)).statement.time) >= before.getTime()) break;
    const open = ranges.at(-1);
    if (open === undefined || open.last < seq - 1) ranges.push({ first: seq, last: seq, hasChunk: view.isChunk(seq) });
    else {
      open.last = seq;
      open.hasChunk ||= view.isChunk(seq);
    }
  }
  return ranges.filter(({ hasChunk }) => hasChunk).map(({ first, last }) => ({ first, last }));
}
