import type { Facts } from '../database/facts.js';
import type { TrailContext } from './context.js';
import { type EpochReason, epochKey } from './epoch.js';
import { closeLedger } from './judged.js';
import type { Memory } from './memory.js';

/** What was counted before cannot be compared with what comes; all is unknown until the exact checks went through. */
export function startEpoch(context: TrailContext, facts: Facts, reason: EpochReason, now: number): void {
  const { memory, metrics, settling, log } = context;
  closeLedger(memory);
  memory.uncalled = { truncates: 0, snapshots: 0 };
  if (reason === 'postmaster_restart' || reason === 'counters_fell') stepBack(memory);
  settling.clear();
  context.residuals = {};
  const tables = [...Object.values(memory.tables), ...Object.values(memory.gone)];
  for (const table of tables) Object.assign(table, { epochMissing: 0, epochRecords: 0 });
  if (reason === 'system' || reason === 'timeline') {
    // Another history of the same rows: transaction ids mean other transactions now.
    for (const table of tables) {
      table.watched = {};
      // A restore makes every table anew, and is an event of its own.
      delete table.relations;
      delete table.made;
    }
    memory.looks = [];
    if (reason === 'system') delete memory.reading;
  }
  memory.epoch = {
    key: epochKey(facts),
    startedAt: now,
    xmax: facts.xmax.toString(),
    reason,
    hasOldRecords: memory.reading !== undefined,
  };
  metrics.epochChanged(reason);
  log.info('statistics epoch begins', { reason });
}

/**
 * A crash forgets transactions that ended without a commit, and their ids are given out again: below a watermark that
 * had passed them. What was read had been committed and is not forgotten, so reading goes on right after it.
 */
function stepBack({ reading }: Memory): void {
  if (reading?.watermark?.mode !== 'xid8' || reading.lastRead === undefined) return;
  reading.watermark = { mode: 'xid8', ...reading.lastRead };
}
