import { z } from 'zod';
import { SealUnavailable } from '../../runtime/sealing/errors.js';
import type { NoteSigner } from '../../runtime/sealing/signing/note.js';
import type { AuditStore } from './audit-log.js';
import { readIdentity, readSnapshot } from './database-state.js';
import { hasNumericId, selectLastIdFrom } from './row-format.js';
import type { SealSession } from './session.js';
import type { EpochStatement } from './statement.js';
import { lastKeptId } from './verify-rows.js';

/**
 * Accepts that the database is another one than before (a restore, a failover), signed and with a reason. What was
 * sealed stays sealed: rows that are not in the restored database are found by the next verification. What was written
 * since, or was not sealed yet, is sealed in ranges of their own.
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
  const { name, xmin, xmax, inheritedUpTo } = await session.snapshot(signal, async () => {
    const state = await readSnapshot(session);
    return { ...state, inheritedUpTo: await lastInherited(store, session, state.xmax, signal) };
  });
  const entry = await store.append(
    {
      kind: 'epoch',
      epoch: store.view.epoch + 1,
      database: { name, ...identity },
      snapshot: { xmin, xmax },
      reason: accepted.reason,
      by: accepted.by,
      ...(inheritedUpTo === undefined ? {} : { inheritedUpTo }),
    },
    accepted.now,
    accepted.signers,
  );
  await store.settle();
  if (entry.statement.kind !== 'epoch') throw new Error('the log returned another entry');
  return entry.statement;
}

const lastId = z.object({ id: z.string().nullable() });

/**
 * The greatest id of a record that came with the database: one that is there as it was sealed, or one of a transaction
 * that this database has not begun yet. A sequence that was restored with them gives out greater ones.
 *
 * Undefined where records are in the order of time, or nothing is sealed: then ranges of their own are not needed.
 *
 * @throws {SealUnavailable} where ids do not tell it.
 */
export async function lastInherited(
  store: AuditStore,
  session: SealSession,
  xmax: string,
  signal: AbortSignal,
): Promise<string | undefined> {
  const { rows: format, seenDatabase } = store.view;
  if (format?.certainty !== 'exact') return undefined;
  if (!hasNumericId(format)) {
    if (seenDatabase === undefined || BigInt(xmax) >= BigInt(seenDatabase.snapshot.xmax)) return undefined;
    throw new SealUnavailable(
      `the transaction counter is lower than what was sealed, and ids of type ${format.id.type} do not tell which records came since; begin a log with another seal.origin and seal.directory`,
    );
  }
  const { id } = await session.one(selectLastIdFrom(format, xmax), lastId);
  let last = BigInt(id ?? 0);
  for (let seq = store.index.length - 1; seq >= 0; seq -= 1) {
    signal.throwIfAborted();
    if (!store.view.isChunk(seq) || store.index.isDisposed(seq)) continue;
    if (store.index.size(seq) === store.index.size(seq - 1)) continue;
    const { statement } = await store.entry(seq);
    if (statement.kind === 'chunk') last = await lastKeptId(store, session, statement, last);
  }
  return last.toString();
}
