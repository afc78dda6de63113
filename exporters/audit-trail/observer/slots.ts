import { type LoopState, tableMemory } from './loop-state.js';
import type { CheckMemories } from './memory.js';
import type { TableReading, TableReplay, TableStorage, TableTriggers } from './tables/memory.js';

/** Where the memory of one check is. */
export interface Slot<M> {
  get(): M;
  set(memory: M): void;
  /** Another one when somebody else has changed it. */
  version(): unknown;
}

export function slotOf<K extends keyof CheckMemories>({ memory }: LoopState, key: K): Slot<CheckMemories[K]> {
  return {
    get: () => memory.checks[key],
    set(next) {
      memory.checks[key] = next;
    },
    version: () => memory.checks[key],
  };
}

type ByTable<M, T> = M & { readonly tables: Readonly<Record<string, T>> };

/** What reading remembers of a table lies with the table, so that it goes with its name. */
export function readingSlot(context: LoopState): Slot<ByTable<CheckMemories['reading'], TableReading>> {
  const { memory } = context;
  return {
    get: () => ({ ...memory.checks.reading, tables: ofTables(context, ({ reading }) => reading) }),
    set({ tables, ...next }) {
      memory.checks.reading = next;
      for (const [label, own] of Object.entries(tables)) tableMemory(context, label).reading = own;
    },
    version: () => undefined,
  };
}

/** The same of full scans. */
export function replaySlot(context: LoopState): Slot<ByTable<CheckMemories['replay'], TableReplay>> {
  const { memory } = context;
  return {
    get: () => ({ ...memory.checks.replay, tables: ofTables(context, ({ replay }) => replay) }),
    set({ tables, ...next }) {
      memory.checks.replay = next;
      for (const [label, own] of Object.entries(tables)) {
        const table = tableMemory(context, label);
        const isNew = own.scanned !== table.replay.scanned;
        // A whole scan that left nothing open: what was sighted before it was recorded, or is confirmed.
        if (isNew && own.scanned?.postponed === 0) table.postponed = {};
        table.replay = own;
      }
    },
    version: () => undefined,
  };
}

export function triggersSlot(context: LoopState): Slot<ByTable<CheckMemories['triggers'], TableTriggers>> {
  const { memory } = context;
  return {
    get: () => ({ ...memory.checks.triggers, tables: ofTables(context, ({ triggers }) => triggers) }),
    set({ tables, ...next }) {
      memory.checks.triggers = next;
      for (const [label, own] of Object.entries(tables)) tableMemory(context, label).triggers = own;
    },
    version: () => undefined,
  };
}

export function storageSlot(context: LoopState): Slot<ByTable<CheckMemories['storage'], TableStorage>> {
  const { memory } = context;
  return {
    get: () => ({ ...memory.checks.storage, tables: ofTables(context, ({ storage }) => storage) }),
    set({ tables, ...next }) {
      memory.checks.storage = next;
      for (const [label, own] of Object.entries(tables)) tableMemory(context, label).storage = own;
    },
    version: () => undefined,
  };
}

function ofTables<T>({ memory }: LoopState, part: (table: (typeof memory.tables)[string]) => T): Record<string, T> {
  return Object.fromEntries(Object.entries(memory.tables).map(([label, table]) => [label, part(table)]));
}
