import { z } from 'zod';
import { SealRefused } from '../../runtime/sealing/errors.js';
import type { LogKind } from '../../runtime/sealing/log/statement.js';
import { SealStore, type StoreOptions } from '../../runtime/sealing/log/store.js';
import { type LogVerification, type LogVerifyOptions, verifyLog } from '../../runtime/sealing/log/verify-log.js';
import { ChunkIndex } from './chunk-index.js';
import { type AuditStatement, type Bound, chunk, epoch, LAST_TRANSACTION } from './statement.js';

/** The log of an audit trail: rows of the audit table, chunk by chunk. */
export const auditLog: LogKind<AuditStatement, ChunkIndex> = {
  schema: z.discriminatedUnion('kind', [chunk, epoch]),
  leaves: (statement) => (statement.kind === 'chunk' ? statement.count : 0),
  view: () => new ChunkIndex(),
  check: () => joinsWithoutGap(),
};

interface OpenRange {
  readonly after: string | undefined;
  readonly upTo: string | undefined;
  readonly end: Bound | undefined;
}

/** Chunks must join without a gap, or rows could hide between them. */
function joinsWithoutGap(): (statement: AuditStatement) => void {
  /** Undefined before the first chunk, which may be of records that were there before the log. */
  let open: OpenRange | undefined;
  return (statement) => {
    if (statement.kind === 'epoch') {
      const { inheritedUpTo: upTo } = statement;
      if (open !== undefined && upTo !== undefined) open = { ...open, upTo };
      return;
    }
    const { seq, from, to, ids } = statement;
    const begun = open ?? { after: undefined, upTo: ids?.upTo, end: undefined };
    const joins = JSON.stringify(from) === JSON.stringify(begun.end);
    if (!joins || ids?.after !== begun.after || ids?.upTo !== begun.upTo)
      throw new SealRefused('missing', `entry ${seq} does not begin where the chunk before it ends`);
    const isLast = begun.upTo !== undefined && to.order === LAST_TRANSACTION;
    open = isLast ? { after: begun.upTo, upTo: undefined, end: undefined } : { ...begun, end: to };
  };
}

export type AuditStore = SealStore<AuditStatement, ChunkIndex>;

/** As `SealStore.open`. */
export function openAuditStore(options: Omit<StoreOptions<AuditStatement, ChunkIndex>, 'kind'>): Promise<AuditStore> {
  return SealStore.open({ ...options, kind: auditLog });
}

/** As `verifyLog` of any log, and that chunks join without a gap. */
export function verifyAuditLog(options: Omit<LogVerifyOptions<AuditStatement>, 'kind'>): Promise<LogVerification> {
  return verifyLog({ ...options, kind: auditLog });
}
