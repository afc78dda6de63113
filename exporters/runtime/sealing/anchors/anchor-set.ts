import type { Anchor } from '../../../../pack/sealing/model.js';
import type { Logger } from '../../log.js';
import { SealRefused } from '../errors.js';
import type { FailureCounts } from '../failures.js';
import type { SealedLog } from '../log/store.js';
import type { AnchorTarget } from './anchor.js';
import { Anchoring, type AnchorStatus, contradiction } from './anchoring.js';
import { anchorTarget } from './index.js';

const ANSWER_WITHIN_MS = 10_000;

export interface AnchorSetDeps {
  readonly log: Logger;
  readonly now: () => Date;
  readonly failures: FailureCounts;
  /** For tests; default: what the description says. */
  readonly anchor?: (anchor: Anchor, origin: string) => AnchorTarget;
}

/** All anchors of one log. */
export class AnchorSet {
  readonly #store: SealedLog;
  readonly #anchorings: readonly Anchoring[];
  readonly #closing = new AbortController();

  private constructor(store: SealedLog, targets: readonly AnchorTarget[], { log, now, failures }: AnchorSetDeps) {
    this.#store = store;
    const onConflict = (name: string, message: string) => {
      if (failures.add('anchor', message)) log.error('an anchor contradicts the log', { anchor: name, message });
    };
    const options = { log, now, signal: this.#closing.signal, onConflict };
    this.#anchorings = targets.map((target) => new Anchoring(target, store, options));
  }

  /**
   * Asks the anchors before anything is added to a log that may have been rolled back. An anchor that does not answer
   * delays nothing.
   *
   * @throws {SealRefused} when an anchor holds a signed entry that contradicts the log.
   */
  static async open(
    store: SealedLog,
    { anchors, origin }: { readonly anchors: readonly Anchor[]; readonly origin: string },
    deps: AnchorSetDeps,
    stopping: AbortSignal,
  ): Promise<AnchorSet> {
    const { log, failures } = deps;
    const targets = anchors.map((anchor) => (deps.anchor ?? anchorTarget)(anchor, origin));
    const signal = AbortSignal.any([stopping, AbortSignal.timeout(ANSWER_WITHIN_MS)]);
    const answers = await Promise.allSettled(targets.map((target) => contradiction(target, store, signal)));
    for (const [at, answer] of answers.entries()) {
      const anchor = targets[at]?.name;
      if (answer.status === 'rejected') log.warn('an anchor does not answer', { anchor, error: answer.reason });
      else if (answer.value?.isSigned) throw new SealRefused('anchor', answer.value.message);
      else if (answer.value !== undefined && failures.add('anchor', answer.value.message)) {
        log.error('an anchor holds what nobody here signed', { anchor, message: answer.value.message });
      }
    }
    return new AnchorSet(store, targets, deps);
  }

  get statuses(): readonly AnchorStatus[] {
    return this.#anchorings.map(({ status }) => status);
  }

  /** Hands the newest entry to the anchors. */
  offer(): void {
    const { last } = this.#store;
    if (last !== undefined) for (const anchoring of this.#anchorings) anchoring.offer(last);
  }

  async stop(): Promise<void> {
    this.#closing.abort();
    await Promise.allSettled(this.#anchorings.map((anchoring) => anchoring.ended()));
  }
}
