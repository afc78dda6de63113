import type { Facts } from '../../database/facts.js';
import type { ReadingMemory } from '../checks/reading/memory.js';
import type { Memory } from '../memory.js';
import type { TableMemory } from '../tables/memory.js';
import { type EpochReason, epochKey } from './epoch.js';
import { withoutLedger } from './judged.js';

/**
 * Begins a statistics epoch. Earlier counts cannot be compared with later ones, so everything is unknown until the exact
 * checks have succeeded.
 */
export function inNewEpoch(memory: Memory, facts: Facts, reason: EpochReason, now: number): Memory {
  const isOtherHistory = reason === 'system' || reason === 'timeline';
  const reading = readingOf(memory.checks.reading, reason);
  const tables = (all: Memory['tables']): Memory['tables'] =>
    Object.fromEntries(
      Object.entries(all).map(([label, own]) => [label, isOtherHistory ? withoutHistory(counted(own)) : counted(own)]),
    );
  return {
    ...memory,
    tables: tables(memory.tables),
    gone: tables(memory.gone),
    ...(isOtherHistory ? { looks: [] } : {}),
    epoch: {
      key: epochKey(facts),
      startedAt: now,
      xmax: facts.xmax.toString(),
      reason,
      hasOldRecords: reading.progress !== undefined,
    },
    checks: {
      ...memory.checks,
      counters: { ...withoutLedger(memory.checks.counters), window: [], found: {} },
      reading,
    },
  };
}

function readingOf(reading: ReadingMemory, reason: EpochReason): ReadingMemory {
  const next = { ...reading, uncalled: { truncates: 0, snapshots: 0, emptied: 0 } };
  if (reason === 'postmaster_restart' || reason === 'counters_fell') return steppedBack(next);
  if (reason !== 'system') return next;
  const { progress: _, backlog: __, ...rest } = next;
  return rest;
}

/**
 * A crash forgets transactions that ended without a commit, and their ids are given out again: below a watermark that
 * had passed them. What was read had been committed and is not forgotten, so reading goes on right after it.
 */
function steppedBack(reading: ReadingMemory): ReadingMemory {
  const { progress } = reading;
  if (progress?.watermark?.mode !== 'xid8' || progress.lastRead === undefined) return reading;
  return { ...reading, progress: { ...progress, watermark: { mode: 'xid8', ...progress.lastRead } } };
}

/** Counts begin anew. */
function counted(own: TableMemory): TableMemory {
  return { ...own, epochMissing: 0, reading: { ...own.reading, epochRecords: 0 } };
}

/**
 * Another history of the same rows: transaction ids mean other transactions now. A restore makes every table anew, and
 * is an event of its own.
 */
function withoutHistory(own: TableMemory): TableMemory {
  const { relations: _, made: __, ...storage } = own.storage;
  return { ...own, storage: { ...storage, watched: {} } };
}
