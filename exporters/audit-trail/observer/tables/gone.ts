import { textOf } from '../../../runtime/postgres/quote.js';
import type { Memory } from '../memory.js';
import { newTableMemory, type TableMemory } from './memory.js';
import type { ScopedTable } from './scope.js';

/** Of tables whose name is gone and that had no fault; those that had one are all kept. */
const MOST_GONE = 1000;

/**
 * What is known of a table must not be lost by giving it another name for the time of a look: neither a fault that was
 * proven, nor a suspicion, nor that each of its rows must have a record. So it is kept when the name goes, and taken up
 * again when the same table comes back to it. A fault stays with the name and goes along with the table.
 *
 * @returns names to which their tables came back.
 */
export function followNames(memory: Memory, tables: readonly ScopedTable[]): readonly string[] {
  const faulty = faultyRelations(memory);
  const known = new Set(tables.map(({ label }) => label));
  for (const [label, own] of Object.entries(memory.tables)) {
    if (known.has(label)) continue;
    delete own.replay.scan;
    memory.gone[label] = own;
    delete memory.tables[label];
  }
  const returned = tables.filter((table) => takeUp(memory, table)).map(({ label }) => label);
  for (const { label, relation } of tables) {
    const own = memory.tables[label];
    const fault = faulty.get(relation.oid);
    if (fault === undefined || own?.confirmed !== undefined || own?.storage.relations?.[label] === relation.oid)
      continue;
    memory.tables[label] = { ...(own ?? newTableMemory()), confirmed: structuredClone(fault) };
  }
  const harmless = Object.keys(memory.gone).filter((label) => memory.gone[label]?.confirmed === undefined);
  for (const label of harmless.slice(0, -MOST_GONE)) delete memory.gone[label];
  return returned;
}

/** Another table under the name begins anew, unless it has a fault to answer for. */
function takeUp(memory: Memory, { label, relation }: ScopedTable): boolean {
  const before = memory.gone[label];
  if (before === undefined) return false;
  delete memory.gone[label];
  const isSame = before.storage.relations?.[textOf(relation)] === relation.oid;
  if (isSame || before.confirmed !== undefined) memory.tables[label] = before;
  return isSame;
}

/** By oid, as of the last look. */
function faultyRelations({ tables, gone }: Memory): ReadonlyMap<string, NonNullable<TableMemory['confirmed']>> {
  const found = new Map<string, NonNullable<TableMemory['confirmed']>>();
  for (const [label, { confirmed, storage }] of [...Object.entries(gone), ...Object.entries(tables)]) {
    const oid = storage.relations?.[label];
    if (confirmed !== undefined && oid !== undefined) found.set(oid, confirmed);
  }
  return found;
}

/** Names without a table that a proven fault still stands against, until a baseline is declared. */
export function goneWithFault(memory: Pick<Memory, 'gone'>): readonly string[] {
  return Object.keys(memory.gone).filter((label) => memory.gone[label]?.confirmed !== undefined);
}
