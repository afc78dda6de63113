import type { Seal } from '../../../pack/audit-trail/model.js';
import type { Anchor } from '../../../pack/sealing/model.js';
import type { Logger } from '../../runtime/log.js';
import type { AnchorTarget } from '../../runtime/sealing/anchors/anchor.js';
import { Anchoring, type AnchorStatus, contradiction } from '../../runtime/sealing/anchors/anchoring.js';
import { anchorTarget } from '../../runtime/sealing/anchors/index.js';
import { SealRefused } from '../../runtime/sealing/errors.js';
import type { FailureCounts } from '../../runtime/sealing/failures.js';
import type { Disk } from '../../runtime/sealing/log/disk.js';
import type { NoteVerifier } from '../../runtime/sealing/signing/note.js';
import { type AuditStore, openAuditStore } from './audit-log.js';
import { reportChunk } from './chunk-failures.js';
import { RollingVerifier } from './rolling.js';

const ANCHOR_START_MS = 10_000;

export interface OpenedLogDeps {
  readonly log: Logger;
  readonly now: () => Date;
  readonly disk: Disk;
  readonly failures: FailureCounts;
  readonly anchor?: (anchor: Anchor, origin: string) => AnchorTarget;
}

/** A log that is open for sealing, with its anchors and the rolling verification of what it holds. */
export class OpenedLog {
  readonly store: AuditStore;
  readonly rolling: RollingVerifier;
  readonly #anchorings: readonly Anchoring[];
  readonly #closing: AbortController;

  private constructor(
    store: AuditStore,
    rolling: RollingVerifier,
    anchorings: readonly Anchoring[],
    closing: AbortController,
  ) {
    this.store = store;
    this.rolling = rolling;
    this.#anchorings = anchorings;
    this.#closing = closing;
  }

  /** @throws {SealRefused} when an anchor holds a signed entry that contradicts the log. */
  static async open(
    { directory, origin, verifyWithinMs, anchors }: Seal,
    keys: readonly NoteVerifier[],
    deps: OpenedLogDeps,
    signal: AbortSignal,
  ): Promise<OpenedLog> {
    const { disk, log, failures, now } = deps;
    const store = await openAuditStore({ directory, origin, keys, disk, log });
    try {
      const targets = anchors.map((anchor) => (deps.anchor ?? anchorTarget)(anchor, origin));
      await askAnchors(targets, store, deps, signal);
      const rolling = new RollingVerifier(store, verifyWithinMs);
      for (const failure of await rolling.load(disk))
        reportChunk(failures, log, failure, 'sealed records were not as they were');
      const closing = new AbortController();
      const onConflict = (name: string, message: string) => {
        if (failures.add('anchor', message)) log.error('an anchor contradicts the log', { anchor: name, message });
      };
      const options = { log, now, signal: closing.signal, onConflict };
      const anchorings = targets.map((target) => new Anchoring(target, store, options));
      return new OpenedLog(store, rolling, anchorings, closing);
    } catch (error) {
      await store.close();
      throw error;
    }
  }

  get anchors(): readonly AnchorStatus[] {
    return this.#anchorings.map(({ status }) => status);
  }

  /** Hands the newest entry to the anchors. */
  offer(): void {
    const { last } = this.store;
    if (last !== undefined) for (const anchoring of this.#anchorings) anchoring.offer(last);
  }

  async stopAnchoring(): Promise<void> {
    this.#closing.abort();
    await Promise.allSettled(this.#anchorings.map((anchoring) => anchoring.ended()));
  }
}

/** Before anything is added to a log that may have been rolled back. An anchor that does not answer delays nothing. */
async function askAnchors(
  targets: readonly AnchorTarget[],
  store: AuditStore,
  { log, failures }: OpenedLogDeps,
  stopping: AbortSignal,
): Promise<void> {
  const signal = AbortSignal.any([stopping, AbortSignal.timeout(ANCHOR_START_MS)]);
  const answers = await Promise.allSettled(targets.map((target) => contradiction(target, store, signal)));
  for (const [at, answer] of answers.entries()) {
    const anchor = targets[at]?.name;
    if (answer.status === 'rejected') log.warn('an anchor does not answer', { anchor, error: answer.reason });
    else if (answer.value?.isSigned) throw new SealRefused('anchor', answer.value.message);
    else if (answer.value !== undefined && failures.add('anchor', answer.value.message)) {
      log.error('an anchor holds what nobody here signed', { anchor, message: answer.value.message });
    }
  }
}
