import type { Facts } from '../../database/facts.js';
import type { LoopState } from '../loop-state.js';
import type { Memory } from '../memory.js';
import { type EpochReason, epochKey } from './epoch.js';
import { withoutLedger } from './judged.js';

/** What was counted before cannot be compared with what comes; all is unknown until the exact checks went through. */
export function startEpoch(context: LoopState, facts: Facts, reason: EpochReason, now: number): void {
  const { memory, metrics, log } = context;
  memory.checks.counters = { ...withoutLedger(memory.checks.counters), window: [], found: {} };
  memory.checks.reading.uncalled = { truncates: 0, snapshots: 0 };
  if (reason === 'postmaster_restart' || reason === 'counters_fell') stepBack(memory);
  const tables = [...Object.values(memory.tables), ...Object.values(memory.gone)];
  for (const table of tables) {
    table.epochMissing = 0;
    table.reading.epochRecords = 0;
  }
  if (reason === 'system' || reason === 'timeline') {
    // Another history of the same rows: transaction ids mean other transactions now.
    for (const table of tables) {
      table.storage.watched = {};
      // A restore makes every table anew, and is an event of its own.
      delete table.storage.relations;
      delete table.storage.made;
    }
    memory.looks = [];
    if (reason === 'system') delete memory.checks.reading.progress;
  }
  memory.epoch = {
    key: epochKey(facts),
    startedAt: now,
    xmax: facts.xmax.toString(),
    reason,
    hasOldRecords: memory.checks.reading.progress !== undefined,
  };
  metrics.epochChanged(reason);
  log.info('statistics epoch begins', { reason });
}

/**
 * A crash forgets transactions that ended without a commit, and their ids are given out again: below a watermark that
 * had passed them. What was read had been committed and is not forgotten, so reading goes on right after it.
 */
function stepBack({ checks }: Memory): void {
  const { progress: reading } = checks.reading;
  if (reading?.watermark?.mode !== 'xid8' || reading.lastRead === undefined) return;
  reading.watermark = { mode: 'xid8', ...reading.lastRead };
}
