import type { AuditScope, AuditTrail } from '../../../../pack/audit-trail/model.js';
import { parseQualified, type QualifiedName, textOf, wildcard } from '../../../runtime/postgres/quote.js';
import type { Catalogue, Relation } from './catalogue.js';

/** A table that must be audited: itself, or where its rows really are when it is partitioned. */
export interface ScopedTable {
  /** `schema.table`, the `table` label everywhere. */
  readonly label: string;
  readonly name: QualifiedName;
  readonly relation: Relation;
  /** Leaf partitions, or the table itself. A partitioned table without partitions has none. */
  readonly leaves: readonly Relation[];
}

/** New tables are in scope by themselves, uncovered, until they are enrolled or excluded with a reason. */
export function tablesInScope(trail: AuditTrail, catalogue: Catalogue): readonly ScopedTable[] {
  const own = ownRelations(trail, catalogue);
  const leavesOf = groupByRoot(catalogue.relations);
  return catalogue.relations
    .filter((relation) => !relation.is_partition && trail.scope.schemas.includes(relation.schema))
    .filter((relation) => !own.has(relation.oid) && isIncluded(trail.scope, textOf(relation)))
    .map((relation) => ({
      label: textOf(relation),
      name: { schema: relation.schema, name: relation.name },
      relation,
      leaves: leavesOf.get(relation.oid) ?? [],
    }))
    .sort((a, b) => a.label.localeCompare(b.label, 'en'));
}

function groupByRoot(relations: readonly Relation[]): Map<string, Relation[]> {
  const groups = new Map<string, Relation[]>();
  for (const relation of relations) {
    if (relation.kind !== 'r') continue;
    const group = groups.get(relation.root);
    if (group === undefined) groups.set(relation.root, [relation]);
    else group.push(relation);
  }
  return groups;
}

/** The audit tables themselves are not audited; they are watched in other ways. */
function ownRelations(trail: AuditTrail, { relations }: Catalogue): ReadonlySet<string> {
  const { records } = trail;
  if (records === undefined) return new Set();
  const names = new Set(
    [records.table, ...(records.archive === undefined ? [] : [records.archive])].map((name) =>
      textOf(parseQualified(name)),
    ),
  );
  return new Set(relations.filter((relation) => names.has(textOf(relation))).map(({ oid }) => oid));
}

function isIncluded({ include, exclude }: AuditScope, label: string): boolean {
  const matches = (pattern: string) => wildcard(textOf(parseQualified(pattern))).test(label);
  return (include.length === 0 || include.some(matches)) && !exclude.some(({ table }) => matches(table));
}
