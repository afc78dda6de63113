import type { Anchor } from '../../../../pack/sealing/model.js';
import { AnchorConflict, type AnchoredEntry, type AnchorTarget, type MissedEntries } from './anchor.js';

/** A witness that takes signed checkpoints by POST. It must answer 2xx only when it has stored what it was sent. */
export class HttpAnchor implements AnchorTarget {
  readonly name: string;
  readonly #anchor: Extract<Anchor, { kind: 'http' }>;

  constructor(anchor: Extract<Anchor, { kind: 'http' }>) {
    this.name = anchor.name;
    this.#anchor = anchor;
  }

  async publish({ checkpoint }: AnchoredEntry, _missed: MissedEntries, signal: AbortSignal): Promise<void> {
    const { url, token, timeoutMs } = this.#anchor;
    const response = await fetch(url, {
      method: 'POST',
      body: checkpoint,
      headers: {
        'content-type': 'text/plain; charset=utf-8',
        ...(token === undefined ? {} : { authorization: `Bearer ${token.reveal()}` }),
      },
      // A token must not follow a redirect to somebody else.
      redirect: 'error',
      signal: AbortSignal.any([signal, AbortSignal.timeout(timeoutMs)]),
    });
    await response.body?.cancel();
    // 409 is how C2SP witnesses say that they have seen another tree.
    if (response.status === 409)
      throw new AnchorConflict(`witness ${this.name} has seen a checkpoint that contradicts this one`);
    if (!response.ok) throw new Error(`witness ${this.name} answered ${response.status}`);
  }
}
