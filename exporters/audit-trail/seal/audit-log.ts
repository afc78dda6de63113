import { z } from 'zod';
import { SealRefused } from '../../runtime/sealing/errors.js';
import type { LogKind } from '../../runtime/sealing/log/statement.js';
import { SealStore, type StoreOptions } from '../../runtime/sealing/log/store.js';
import { type LogVerification, type LogVerifyOptions, verifyLog } from '../../runtime/sealing/log/verify-log.js';
import { ChunkIndex } from './chunk-index.js';
import { type AuditStatement, type Bound, chunk, epoch } from './statement.js';

/** The log of an audit trail: rows of the audit table, chunk by chunk. */
export const auditLog: LogKind<AuditStatement, ChunkIndex> = {
  schema: z.discriminatedUnion('kind', [chunk, epoch]),
  leaves: (statement) => (statement.kind === 'chunk' ? statement.count : 0),
  view: () => new ChunkIndex(),
  check: () => {
    let end: Bound | undefined;
    return (statement) => {
      if (statement.kind !== 'chunk') return;
      // Chunks must join without a gap, or rows could hide between them.
      if (JSON.stringify(statement.from) !== JSON.stringify(end)) {
        throw new SealRefused('missing', `entry ${statement.seq} does not begin where the chunk before it ends`);
      }
      end = statement.to;
    };
  },
};

export type AuditStore = SealStore<AuditStatement, ChunkIndex>;

/** As `SealStore.open`. */
export function openAuditStore(options: Omit<StoreOptions<AuditStatement, ChunkIndex>, 'kind'>): Promise<AuditStore> {
  return SealStore.open({ ...options, kind: auditLog });
}

/** As `verifyLog` of any log, and that chunks join without a gap. */
export function verifyAuditLog(options: Omit<LogVerifyOptions<AuditStatement>, 'kind'>): Promise<LogVerification> {
  return verifyLog({ ...options, kind: auditLog });
}
