import type { CheckMemories, Memory } from './memory.js';
import {
  newTableMemory,
  type TableMemory,
  type TableReading,
  type TableReplay,
  type TableStorage,
  type TableTriggers,
} from './tables/memory.js';

/** Where the memory of one check is, within the memory of the observer. */
export interface Slot<M> {
  get(memory: Memory): M;
  /** The memory of the observer with this one in it. */
  set(memory: Memory, own: M): Memory;
  /** Another one when somebody else has changed it. */
  version(memory: Memory): unknown;
}

export function slotOf<K extends keyof CheckMemories>(key: K): Slot<CheckMemories[K]> {
  return {
    get: ({ checks }) => checks[key],
    set: (memory, own) => ({ ...memory, checks: { ...memory.checks, [key]: own } }),
    version: ({ checks }) => checks[key],
  };
}

type ByTable<M, T> = M & { readonly tables: Readonly<Record<string, T>> };

/** What reading remembers of a table lies with the table, so that it goes with its name. */
export const readingSlot: Slot<ByTable<CheckMemories['reading'], TableReading>> = {
  get: (memory) => ({ ...memory.checks.reading, tables: ofTables(memory, ({ reading }) => reading) }),
  set: (memory, { tables, ...reading }) => ({
    ...memory,
    checks: { ...memory.checks, reading },
    tables: withParts(memory, tables, (table, part) => ({ ...table, reading: part })),
  }),
  version: () => undefined,
};

/** The same of full scans. */
export const replaySlot: Slot<ByTable<CheckMemories['replay'], TableReplay>> = {
  get: (memory) => ({ ...memory.checks.replay, tables: ofTables(memory, ({ replay }) => replay) }),
  set: (memory, { tables, ...replay }) => ({
    ...memory,
    checks: { ...memory.checks, replay },
    tables: withParts(memory, tables, (table, part) => {
      const isNew = part.scanned !== table.replay.scanned;
      // A full scan that left nothing open: earlier sightings were recorded since, or are confirmed.
      const postponed = isNew && part.scanned?.postponed === 0 ? {} : table.postponed;
      return { ...table, postponed, replay: part };
    }),
  }),
  version: () => undefined,
};

export const triggersSlot: Slot<ByTable<CheckMemories['triggers'], TableTriggers>> = {
  get: (memory) => ({ ...memory.checks.triggers, tables: ofTables(memory, ({ triggers }) => triggers) }),
  set: (memory, { tables, ...triggers }) => ({
    ...memory,
    checks: { ...memory.checks, triggers },
    tables: withParts(memory, tables, (table, part) => ({ ...table, triggers: part })),
  }),
  version: () => undefined,
};

export const storageSlot: Slot<ByTable<CheckMemories['storage'], TableStorage>> = {
  get: (memory) => ({ ...memory.checks.storage, tables: ofTables(memory, ({ storage }) => storage) }),
  set: (memory, { tables, ...storage }) => ({
    ...memory,
    checks: { ...memory.checks, storage },
    tables: withParts(memory, tables, (table, part) => ({ ...table, storage: part })),
  }),
  version: () => undefined,
};

function ofTables<T>({ tables }: Memory, part: (table: TableMemory) => T): Record<string, T> {
  return Object.fromEntries(Object.entries(tables).map(([label, table]) => [label, part(table)]));
}

function withParts<T>(
  { tables }: Memory,
  parts: Readonly<Record<string, T>>,
  withPart: (table: TableMemory, part: T) => TableMemory,
): Memory['tables'] {
  const changed = Object.entries(parts).map(([label, part]) => [
    label,
    withPart(tables[label] ?? newTableMemory(), part),
  ]);
  return { ...tables, ...Object.fromEntries(changed) };
}
