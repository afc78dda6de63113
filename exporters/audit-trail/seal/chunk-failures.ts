import type { Logger } from '../../runtime/log.js';
import type { FailureCounts } from '../../runtime/sealing/failures.js';
import type { ChunkFailure } from './verify-rows.js';

/** Counts a failure and logs it, unless it is known. Keys stay out of the log; `kop audit verify` names them. */
export function reportChunk(failures: FailureCounts, log: Logger, failure: ChunkFailure, message: string): void {
  const { kind, seq, expected, found, changed, missing, added, isLocalised } = failure;
  if (!failures.add(kind, `entry ${seq}`)) return;
  const counts = { changed: changed.length, missing: missing.length, added: added.length };
  log.error(message, { entry: seq, sealed: expected, found, ...(isLocalised ? counts : {}) });
}

/** Its records are as they were sealed, or were disposed of: it is no open failure any more. */
export function withdrawChunk(failures: FailureCounts, log: Logger, { kind, seq }: ChunkFailure): void {
  failures.withdraw(kind, `entry ${seq}`);
  log.info('sealed records that had failed are as they were, or disposed of', { entry: seq });
}
