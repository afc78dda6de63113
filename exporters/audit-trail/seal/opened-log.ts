import type { Seal } from '../../../pack/sealing/model.js';
import { AnchorSet, type AnchorSetDeps } from '../../runtime/sealing/anchors/anchor-set.js';
import type { Disk } from '../../runtime/sealing/log/disk.js';
import type { NoteVerifier } from '../../runtime/sealing/signing/note.js';
import { type AuditStore, openAuditStore } from './audit-log.js';
import { reportChunk } from './chunk-failures.js';
import { RollingVerifier } from './rolling.js';

export interface OpenedLogDeps extends AnchorSetDeps {
  readonly disk: Disk;
}

/** A log that is open for sealing, with its anchors and the rolling verification of what it holds. */
export interface OpenedLog {
  readonly store: AuditStore;
  readonly rolling: RollingVerifier;
  readonly anchors: AnchorSet;
}

/** @throws {SealRefused} when an anchor holds a signed entry that contradicts the log. */
export async function openLog(
  seal: Seal,
  keys: readonly NoteVerifier[],
  deps: OpenedLogDeps,
  signal: AbortSignal,
): Promise<OpenedLog> {
  const { directory, origin, verifyWithinMs } = seal;
  const { disk, log, failures } = deps;
  const store = await openAuditStore({ directory, origin, keys, disk, log });
  try {
    const rolling = new RollingVerifier(store, verifyWithinMs);
    for (const failure of await rolling.load(disk))
      reportChunk(failures, log, failure, 'sealed records were not as they were');
    return { store, rolling, anchors: await AnchorSet.open(store, seal, deps, signal) };
  } catch (error) {
    await store.close();
    throw error;
  }
}
