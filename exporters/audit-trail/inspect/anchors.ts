import type { Anchor, Seal } from '../../../pack/sealing/model.js';
import { describeError } from '../../runtime/log.js';
import type { SealedLog } from '../../runtime/sealing/log/store.js';
import { anchorTarget, contradiction } from '../seal/index.js';

/** The answer of an anchor. */
export interface AnchorAnswer {
  readonly name: string;
  readonly kind: Anchor['kind'];
  /** A whole line of the log. */
  readonly line: string | undefined;
  /** Why it gave none. */
  readonly error: string | undefined;
}

export interface AnchorView {
  readonly name: string;
  readonly kind: Anchor['kind'];
  /** `unknown`: it did not answer, or cannot be read back. */
  readonly state: 'agrees' | 'contradicts' | 'empty' | 'unknown';
  readonly detail: string;
}

/** The detail of an empty anchor when the log has entries. */
export const EMPTY = 'it holds nothing, although the log has entries: it is new, or it was emptied';

const ANSWER_MS = 10_000;

/**
 * Asks the anchors before the log is read. A running sealer writes each entry to the log first, so what an anchor holds
 * then must be in the log afterwards.
 */
export async function askAnchors(
  { anchors, origin }: Pick<Seal, 'anchors' | 'origin'>,
  lastEntry: number,
  signal: AbortSignal,
): Promise<readonly AnchorAnswer[]> {
  return Promise.all(
    anchors.map(async (anchor) => {
      const { name, kind } = anchor;
      const target = anchorTarget(anchor, origin);
      if (target.newest === undefined) {
        return { name, kind, line: undefined, error: 'it takes checkpoints and gives none back' };
      }
      try {
        const line = await target.newest(lastEntry, AbortSignal.any([signal, AbortSignal.timeout(ANSWER_MS)]));
        return { name, kind, line, error: undefined };
      } catch (error) {
        signal.throwIfAborted();
        return { name, kind, line: undefined, error: describeError(error) };
      }
    }),
  );
}

export async function compareAnchor(answer: AnchorAnswer, store: SealedLog, signal: AbortSignal): Promise<AnchorView> {
  const { name, kind, line, error } = answer;
  if (error !== undefined) return { name, kind, state: 'unknown', detail: error };
  if (line === undefined) return { name, kind, state: 'empty', detail: EMPTY };
  const held = { name, publish: () => Promise.resolve(), newest: () => Promise.resolve(line) };
  const wrong = await contradiction(held, store, signal);
  return wrong === undefined
    ? { name, kind, state: 'agrees', detail: 'what it holds is what the log says' }
    : { name, kind, state: 'contradicts', detail: wrong.message };
}
