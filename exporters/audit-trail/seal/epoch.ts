import type { NoteSigner } from '../../runtime/sealing/signing/note.js';
import type { AuditStore } from './audit-log.js';
import { readIdentity, readSnapshot } from './database-state.js';
import type { SealSession } from './session.js';
import type { EpochStatement } from './statement.js';

/**
 * Accepts that the database is another one than before (a restore, a failover), signed and with a reason. What was
 * sealed stays sealed: rows that are not in the restored database are found by the next verification.
 */
export async function acceptEpoch(
  store: AuditStore,
  session: SealSession,
  accepted: {
    readonly reason: string;
    readonly by: string;
    readonly signers: readonly NoteSigner[];
    readonly now: Date;
  },
  signal: AbortSignal,
): Promise<EpochStatement> {
  const identity = await readIdentity(session);
  const { name, xmin, xmax } = await session.snapshot(signal, () => readSnapshot(session));
  const entry = await store.append(
    {
      kind: 'epoch',
      epoch: store.view.epoch + 1,
      database: { name, ...identity },
      snapshot: { xmin, xmax },
      reason: accepted.reason,
      by: accepted.by,
    },
    accepted.now,
    accepted.signers,
  );
  await store.settle();
  if (entry.statement.kind !== 'epoch') throw new Error('the log returned another entry');
  return entry.statement;
}
