/** Removes evaluations whose retention has ended. Of sealed ones a signed statement stays in the log that says so. */
import { disposeEntries } from '../../runtime/sealing/log/disposal.js';
import type { NoteSigner } from '../../runtime/sealing/signing/note.js';
import type { SealedEvidence } from './seal/evidence-log.js';
import type { EvidenceStore } from './store/store.js';

const BATCH = 500;
const DAY_MS = 86_400_000;

export interface RetentionOptions {
  readonly evidence: EvidenceStore;
  readonly retentionDays: number;
  readonly now: Date;
  readonly signal: AbortSignal;
}

/** Where nothing is sealed. */
export async function disposeExpired(options: RetentionOptions): Promise<void> {
  const upTo = await expiredUpTo(options);
  if (upTo > 0) await options.evidence.dispose(upTo);
}

/** Whole entries only, as a statement is about entries. The statement comes first: after a crash the next run removes the rest. */
export async function disposeExpiredSealed(
  options: RetentionOptions & { readonly sealed: SealedEvidence; readonly signers: readonly NoteSigner[] },
): Promise<void> {
  const { evidence, retentionDays, now, sealed, signers } = options;
  const expired = await expiredUpTo(options);
  let first: number | undefined;
  let last = -1;
  let upTo = 0;
  for (let seq = 0; seq < sealed.index.length; seq += 1) {
    const end = sealed.index.size(seq);
    if (end > expired) break;
    upTo = end;
    if (sealed.index.isDisposed(seq)) continue;
    first ??= seq;
    last = seq;
  }
  if (first !== undefined && upTo > sealed.index.size(first - 1)) {
    const reason = `retention of ${retentionDays} days`;
    await disposeEntries(sealed, { first, last, reason, by: 'evidence.retention' }, signers, now);
  }
  if (upTo > 0) await evidence.dispose(upTo);
}

/**
 * Number of the last evaluation before the first that must be kept. Where a clock went back, an older one behind it stays for a
 * while: too long rather than too short.
 */
async function expiredUpTo({ evidence, retentionDays, now, signal }: RetentionOptions): Promise<number> {
  const cutoff = now.getTime() - retentionDays * DAY_MS;
  let { disposedUpTo: upTo } = await evidence.extent();
  for (;;) {
    signal.throwIfAborted();
    const found = await evidence.read(upTo, BATCH);
    const kept = found.findIndex(({ document }) => Date.parse(document.at) >= cutoff);
    const expired = kept < 0 ? found : found.slice(0, kept);
    upTo = expired.at(-1)?.number ?? upTo;
    if (kept >= 0 || found.length < BATCH) return upTo;
  }
}
