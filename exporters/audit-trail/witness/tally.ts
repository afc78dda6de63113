import { auditOperations } from '../../../pack/audit-model.js';
import type { AuditOperation } from '../../../pack/index.js';
import type { Deeds } from './ledger.js';
import { type Files, isAudited, type Relation } from './relations.js';
import type { UncertainTable, WitnessedCount } from './report.js';

export interface Tally {
  readonly counts: readonly WitnessedCount[];
  readonly uncertain: readonly UncertainTable[];
  readonly unresolved: number;
}

/**
 * Deeds by file as counts by table.
 *
 * A table changes its file when it is truncated, rewritten by ALTER TABLE, or packed by VACUUM FULL and CLUSTER. A
 * rewrite fills the new file with what looks like inserts. Only a log for logical decoding tells a truncation from the
 * rest; otherwise the table is uncertain for this report, which is better than a number that may be wrong.
 *
 * @param before files at the last poll, `after` at this one: what was written between them may be in either.
 */
export function tally(transactions: readonly Deeds[], before: Files, after: Files): Tally {
  const counts = new Map<string, WitnessedCount>();
  const uncertain = new Map<string, UncertainTable>();
  const byOid = new Map([...before.values(), ...after.values()].map((relation) => [relation.oid, relation]));
  const oldOids = new Set([...before.values()].map(({ oid }) => oid));
  const created = new Set(transactions.flatMap((deeds) => [...deeds.created]));
  let unresolved = 0;

  const count = ({ schema, table }: Relation, operation: AuditOperation, changes: number) => {
    const key = `${operation} ${schema}.${table}`;
    counts.set(key, { schema, table, operation, changes: (counts.get(key)?.changes ?? 0) + changes });
  };
  const doubt = (relation: Relation, reason: string) => {
    if (isAudited(relation)) {
      const { schema, table } = relation;
      uncertain.set(`${schema}.${table}`, { schema, table, reason });
    }
  };
  /** A table that is new has its first file under its own number. */
  const relationOf = (file: string) =>
    after.get(file) ?? before.get(file) ?? (created.has(file) ? byOid.get(file.split('/')[2] ?? '') : undefined);

  for (const deeds of transactions) {
    // The log names a truncated relation without its database; a truncation makes files, and those have one.
    for (const oid of deeds.created.size + deeds.changes.size > 0 ? deeds.truncated : []) {
      const relation = byOid.get(oid);
      if (relation !== undefined && isAudited(relation)) count(relation, 'TRUNCATE', 1);
    }
    for (const file of deeds.created) {
      const relation = relationOf(file);
      if (relation === undefined) {
        // Replaced again since. What it belonged to was locked by whoever made it.
        for (const oid of deeds.locked) {
          const candidate = byOid.get(oid);
          if (candidate !== undefined && oldOids.has(oid) && !deeds.truncated.has(oid)) doubt(candidate, replaced);
        }
      } else if (file.split('/')[2] !== relation.oid && !deeds.truncated.has(relation.oid)) {
        doubt(relation, replaced);
      }
    }
    for (const [key, changes] of deeds.changes) {
      const [word = '', file = ''] = key.split(' ');
      const operation = auditOperations.find((each) => each === word);
      const relation = relationOf(file);
      if (relation === undefined) unresolved += changes;
      else if (operation !== undefined && isAudited(relation)) count(relation, operation, changes);
    }
  }
  for (const relation of after.values()) {
    if (relation.isUnlogged && relation.kind === 'r') {
      const { schema, table } = relation;
      uncertain.set(`${schema}.${table}`, { schema, table, reason: 'it is UNLOGGED, so its changes are in no log' });
    }
  }
  return {
    counts: [...counts.values()].filter(({ schema, table }) => !uncertain.has(`${schema}.${table}`)),
    uncertain: [...uncertain.values()],
    unresolved,
  };
}

const replaced = 'its file was replaced: it was truncated, rewritten by DDL, or packed by VACUUM FULL or CLUSTER';
