import type { Anchor, Seal } from '../../../pack/index.js';
import { describeError } from '../../runtime/log.js';
import { type AnchorTarget, anchorTarget, contradiction, SealRefused, SealStore } from '../seal/index.js';

export interface AnchorView {
  readonly name: string;
  readonly kind: Anchor['kind'];
  /** `unknown`: it did not answer, or cannot be read back. */
  readonly state: 'agrees' | 'contradicts' | 'empty' | 'unknown';
  readonly detail: string;
}

/** What a seal directory says of itself, without the sealer and without its key. */
export interface SealView {
  readonly origin: string;
  readonly directory: string;
  readonly state: 'sealed' | 'stale' | 'empty' | 'contradictory';
  readonly reason: string;
  readonly checkpoint: { readonly entry: number; readonly records: number; readonly at: string } | undefined;
  readonly disposedRecords: number;
  /** Who may sign the next checkpoint. */
  readonly keys: readonly string[];
  readonly anchors: readonly AnchorView[];
}

const ANCHOR_MS = 5_000;
/** Longer ago than this many intervals, nobody seals any more. */
const PATIENCE = 3;
const PASS_MS = 20_000;

export async function sealView(seal: Seal, signal: AbortSignal, now: Date = new Date()): Promise<SealView> {
  const { origin, directory } = seal;
  const nothing = { origin, directory, checkpoint: undefined, disposedRecords: 0, keys: [], anchors: [] };
  let store: SealStore;
  try {
    store = await SealStore.open({ directory, origin, keys: [], readOnly: true });
  } catch (error) {
    if (!(error instanceof SealRefused)) throw error;
    return error.kind === 'signature'
      ? { ...nothing, state: 'empty', reason: 'the log was not yet settled by its sealer' }
      : { ...nothing, state: 'contradictory', reason: error.message };
  }
  const { last } = store;
  if (last === undefined) {
    return { ...nothing, state: 'empty', reason: `nothing was sealed in ${directory} yet; the exporter seals while it runs` };
  }
  const anchors = await Promise.all(seal.anchors.map((anchor) => anchorView(anchor, origin, store, signal)));
  const at = new Date(last.statement.time);
  const isStale = now.getTime() - at.getTime() > PATIENCE * seal.intervalMs + PASS_MS;
  const contradicted = anchors.find(({ state }) => state === 'contradicts');
  return {
    origin,
    directory,
    ...(contradicted !== undefined
      ? { state: 'contradictory' as const, reason: contradicted.detail }
      : isStale
        ? { state: 'stale' as const, reason: 'no checkpoint was made lately: what came since can be altered unnoticed' }
        : { state: 'sealed' as const, reason: 'checkpoints are made in time' }),
    checkpoint: { entry: last.statement.seq, records: last.statement.size, at: at.toISOString() },
    disposedRecords: store.index.disposedRecords,
    keys: last.statement.keys,
    anchors,
  };
}

async function anchorView(anchor: Anchor, origin: string, store: SealStore, given: AbortSignal): Promise<AnchorView> {
  const { name, kind } = anchor;
  const signal = AbortSignal.any([given, AbortSignal.timeout(ANCHOR_MS)]);
  try {
    return { name, kind, ...(await ask(anchorTarget(anchor, origin), store, signal)) };
  } catch (error) {
    given.throwIfAborted();
    return { name, kind, state: 'unknown', detail: describeError(error) };
  }
}

async function ask(
  target: AnchorTarget,
  store: SealStore,
  signal: AbortSignal,
): Promise<Pick<AnchorView, 'state' | 'detail'>> {
  if (target.newest === undefined) return { state: 'unknown', detail: 'it takes checkpoints and gives none back' };
  const wrong = await contradiction(target, store, signal);
  if (wrong !== undefined) return { state: 'contradicts', detail: wrong.message };
  const line = await target.newest(0, signal);
  return line === undefined
    ? { state: 'empty', detail: 'it holds nothing yet' }
    : { state: 'agrees', detail: 'what it holds is what the log says' };
}
