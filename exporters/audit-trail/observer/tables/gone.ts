import { textOf } from '../../../runtime/postgres/quote.js';
import type { Memory } from '../memory.js';
import { newTableMemory, type TableMemory } from './memory.js';
import type { ScopedTable } from './scope.js';

/** Of tables whose name is gone and that had no fault; those that had one are all kept. */
const MOST_GONE = 1000;

type ByName = Readonly<Record<string, TableMemory>>;

export interface FollowedNames {
  readonly memory: Memory;
  /** Names to which their tables came back. */
  readonly returned: readonly string[];
}

/**
 * Renaming a table for the time of a poll must not lose what is known of it: a proven fault, a suspicion, or that each of its
 * rows must have a record. So it is kept when the name disappears, and used again when the same table returns to the name. A
 * fault stays with the name and follows the table.
 */
export function followNames(memory: Memory, scope: readonly ScopedTable[]): FollowedNames {
  const faulty = faultyRelations(memory);
  const known = new Set(scope.map(({ label }) => label));
  const left = Object.entries(memory.tables).filter(([label]) => !known.has(label));
  const gone: Record<string, TableMemory> = { ...memory.gone, ...Object.fromEntries(left.map(withoutScan)) };
  const tables: Record<string, TableMemory> = Object.fromEntries(
    Object.entries(memory.tables).filter(([label]) => known.has(label)),
  );
  const returned: string[] = [];
  for (const { label, relation } of scope) {
    const before = gone[label];
    if (before === undefined) continue;
    delete gone[label];
    const isSame = before.storage.relations?.[textOf(relation)] === relation.oid;
    // Another table under the name begins anew; a proven fault stays with the name.
    if (isSame || before.confirmed !== undefined) tables[label] = before;
    if (isSame) returned.push(label);
  }
  for (const { label, relation } of scope) {
    const own = tables[label];
    const confirmed = faulty.get(relation.oid);
    const isKnown = own?.confirmed !== undefined || own?.storage.relations?.[label] === relation.oid;
    if (confirmed !== undefined && !isKnown) tables[label] = { ...(own ?? newTableMemory()), confirmed };
  }
  return { memory: { ...memory, tables, gone: newest(gone) }, returned };
}

function withoutScan([label, { replay, ...own }]: readonly [string, TableMemory]): readonly [string, TableMemory] {
  const { scan: _, ...rest } = replay;
  return [label, { ...own, replay: rest }];
}

function newest(gone: ByName): ByName {
  const harmless = Object.keys(gone).filter((label) => gone[label]?.confirmed === undefined);
  const forgotten = new Set(harmless.slice(0, -MOST_GONE));
  return Object.fromEntries(Object.entries(gone).filter(([label]) => !forgotten.has(label)));
}

/** By oid, as of the last poll. */
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
