import { z } from 'zod';
import { SealRefused } from '../../../runtime/sealing/errors.js';
import { commonFields, countSchema, digestSchema, type LogKind } from '../../../runtime/sealing/log/statement.js';
import { SealStore, type StoreOptions } from '../../../runtime/sealing/log/store.js';
import { type LogVerification, type LogVerifyOptions, verifyLog } from '../../../runtime/sealing/log/verify-log.js';

const evaluations = z.strictObject({
  kind: z.literal('evaluations'),
  ...commonFields,
  /** Number of the first evaluation; the others follow without a gap. Leaf `n` of the tree is evaluation `n + 1`. */
  first: countSchema,
  count: countSchema,
  chunkRoot: digestSchema,
});
export type EvidenceStatement = Readonly<z.infer<typeof evaluations>>;

/** The log needs nothing in memory beside its index. */
class NoView {
  add(): void {
    // Nothing to keep.
  }
}

const evidenceLog: LogKind<EvidenceStatement, NoView> = {
  schema: evaluations,
  leaves: ({ count }) => count,
  view: () => new NoView(),
  check: () => (statement) => {
    if (statement.first === statement.size - statement.count + 1) return;
    throw new SealRefused(
      'missing',
      `entry ${statement.seq} begins with evaluation ${statement.first}, not with ${statement.size - statement.count + 1}`,
    );
  },
};

export type SealedEvidence = SealStore<EvidenceStatement, NoView>;

/** As `SealStore.open`. */
export function openSealedEvidence(
  options: Omit<StoreOptions<EvidenceStatement, NoView>, 'kind'>,
): Promise<SealedEvidence> {
  return SealStore.open({ ...options, kind: evidenceLog });
}

/** As `verifyLog` of any log, and that evaluations are numbered without a gap. */
export function verifySealedEvidence(
  options: Omit<LogVerifyOptions<EvidenceStatement>, 'kind'>,
): Promise<LogVerification> {
  return verifyLog({ ...options, kind: evidenceLog });
}
