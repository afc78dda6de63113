import { textOf } from '../../runtime/postgres/quote.js';
import type { Facts } from '../database/facts.js';
import { toXid8 } from '../database/facts.js';
import { confirm } from './alarms.js';
import type { Relation } from './catalogue.js';
import { type TrailContext, tableMemory } from './context.js';
import { findingId } from './findings.js';
import type { TableMemory } from './memory.js';
import type { ScopedTable } from './scope.js';

/**
 * A table that was dropped takes its rows with it, and no record says so; one that has its name now may hold fewer, or
 * others. Nobody can tell that from a deployment that makes the table anew, so a person has to: it is a fault of the
 * whole table, which stays until a baseline is declared. The rows are not also counted one by one.
 */
export function lookForReplaced(context: TrailContext, facts: Facts, tables: readonly ScopedTable[]): void {
  for (const { label, relation, leaves } of tables) {
    const own = tableMemory(context, label);
    const before = own.relations ?? {};
    const relations = [relation, ...leaves];
    const replaced = relations.filter((item) => (before[textOf(item)] ?? item.oid) !== item.oid);
    // Names that are gone are kept: whoever drops a partition today may make another tomorrow.
    own.relations = { ...before, ...Object.fromEntries(relations.map((item) => [textOf(item), item.oid])) };
    if (replaced.length === 0) continue;
    own.made = { ...own.made, ...Object.fromEntries(replaced.map(({ oid, made }) => [oid, madeBy(made, facts)])) };
    confirm(context, {
      table: label,
      kind: 'missing',
      operation: 'TRUNCATE',
      check: 'catalogue',
      id: findingId(label, 'replaced', replaced.map(({ oid }) => oid).join(' ')),
      key: '',
      detail: `${replaced.map(textOf).join(', ')} was dropped or renamed, and another table has its name`,
    });
  }
}

function madeBy(xmin: string | null, { xmax }: Facts): string {
  return toXid8(xmin ?? '0', xmax).toString();
}

/**
 * Records from before this transaction are of another table that had the name of this one. Only of those is it known
 * that took a name while we watched: where we did not, the same figure may be that of a restore or an upgrade, or lie
 * four billion transactions too late, and every record before it would be left out.
 */
export function madeAt({ made = {} }: TableMemory, { oid }: Relation): bigint {
  return BigInt(made[oid] ?? 0);
}
