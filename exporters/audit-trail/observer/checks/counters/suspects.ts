import type { Catalogue } from '../../tables/catalogue.js';
import type { ScopedTable } from '../../tables/scope.js';
import type { CountersLedger } from './invariants.js';
import { type MismatchStep, sumOfTables } from './steps.js';

export interface Moved extends Pick<MismatchStep, 'tables' | 'isInScope'> {
  /** Of the tables in scope. */
  readonly labels: readonly string[];
}

/** Tables whose counters moved, by their relations, and by how much. */
export function moved(
  { last, agreed }: Pick<CountersLedger, 'last' | 'agreed'>,
  oids: readonly string[],
  { relations }: Catalogue,
  tables: readonly ScopedTable[],
): Moved {
  const roots = new Map(relations.map(({ oid, root }) => [oid, root]));
  const labels = new Map(tables.map(({ label, relation }) => [relation.oid, label]));
  const found = oids.map((oid) => {
    const label = labels.get(roots.get(oid) ?? '');
    const [inserted = 0, updated = 0, deleted = 0] = (last.audited[oid] ?? []).map(
      (value, at) => value - (agreed[oid]?.[at] ?? 0),
    );
    return { label, inserted, updated, deleted };
  });
  const shares = sumOfTables(found.flatMap(({ label: table, ...n }) => (table === undefined ? [] : [{ table, ...n }])));
  return {
    labels: shares.map(({ table }) => table),
    tables: shares,
    isInScope: found.every(({ label }) => label !== undefined),
  };
}
