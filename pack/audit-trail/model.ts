/**
 * What a portal promises of its audit trail, and where the evidence is. Built by `resolve.ts` like the rest of the
 * domain; exporters/audit-trail reads it.
 */
import type { DatabaseAccess } from '../postgres/model.js';
import type { Seal } from '../sealing/model.js';

export interface AuditTrail {
  readonly name: string;
  readonly portal: string;
  readonly title: string;
  readonly team: string;
  /** The observer's role; it only ever reads. */
  readonly database: DatabaseAccess;
  /** For the heavy checks (replay, re-hash); the primary when absent. */
  readonly replica?: DatabaseAccess;
  readonly scope: AuditScope;
  /** Where the audit records are. Absent: this portal has none, and that is reported as such. */
  readonly records?: AuditRecords;
  readonly attribution: Attribution;
  readonly observe: Observe;
  readonly retention: AuditRetention;
  readonly seal?: Seal;
  readonly witness?: AuditWitness;
  /** A witness by pg_walinspect is written, which is not supported any more. */
  readonly ignoresWalInspect?: true;
  readonly comparisons: readonly Comparison[];
  /** Comparisons are written as a list of names, which the next version will refuse. */
  readonly namesComparisons?: true;
}

/** Which tables must be audited. Tables that appear later are in scope, uncovered, until they are enrolled or waived. */
export interface AuditScope {
  readonly schemas: readonly string[];
  /** `schema.table` with `*`; empty means every base table of the schemas. */
  readonly include: readonly string[];
  readonly exclude: readonly { readonly table: string; readonly reason: string }[];
  /** The operations that must be recorded. */
  readonly operations: readonly AuditOperation[];
}

export const auditOperations = ['INSERT', 'UPDATE', 'DELETE', 'TRUNCATE'] as const;
export type AuditOperation = (typeof auditOperations)[number];

/** An audit table, its archive, and what its columns mean. */
export interface AuditRecords {
  readonly preset: string;
  /** `schema.table`. */
  readonly table: string;
  /** Older rows, to be united with the live ones. */
  readonly archive?: string;
  readonly columns: AuditColumns;
  /** The table's own words for operations. Words that are not listed (reads, logins) are no change records. */
  readonly operations: Readonly<Record<string, AuditOperation | 'SNAPSHOT'>>;
  /** What `columns.table` holds in place of a table's name, and the table, `schema.table`. Each table has one word. */
  readonly tables?: Readonly<Record<string, string>>;
  /** `trigger`: same transaction, same counters. `application`: written by the portal, later, and less provable. */
  readonly writtenBy: 'trigger' | 'application';
  /** An application may write its record this much later than the change. */
  readonly maxWriteLagMs: number;
  /** `schema.function` whose calls write records; for the counter invariant. */
  readonly triggerFunctions: readonly string[];
}

/** A column, or a path inside a jsonb column. */
export type ColumnRef = { readonly column: string; readonly path?: readonly string[] };

export interface AuditColumns {
  readonly id: ColumnRef;
  readonly at: ColumnRef;
  readonly operation: ColumnRef;
  /** Absent when the audit table serves one table only: `fixedTable`. */
  readonly table?: ColumnRef;
  readonly schema?: ColumnRef;
  readonly fixedTable?: string;
  readonly rowKey?: ColumnRef;
  /** Where the key stands when `rowKey` is null, as after a DELETE in supa_audit: read `coalesce(rowKey, rowKeyBefore)`. */
  readonly rowKeyBefore?: ColumnRef;
  readonly oldRow?: ColumnRef;
  readonly newRow?: ColumnRef;
  /**
   * In place of `newRow`: the new values of the changed columns, to be laid over `oldRow`, which for an INSERT is the new
   * row. As 2ndQuadrant's audit-trigger writes them.
   */
  readonly newValues?: ColumnRef;
  /** In place of all three: `{"column": [old, new]}` of what changed, as django-auditlog writes it. */
  readonly changes?: ColumnRef;
  readonly actor?: ColumnRef;
  readonly actorKind?: ColumnRef;
  readonly application?: ColumnRef;
  readonly correlation?: ColumnRef;
  readonly reason?: ColumnRef;
  /** An `xid8` column: reading is then exact. Without it an overlap is read again, with lower certainty. */
  readonly transaction?: ColumnRef;
}

export interface Attribution {
  /** Actor names, with `*`, that are machines: jobs, migrations. Counted apart, not as missing. */
  readonly machineActors: readonly string[];
  readonly sharedActors: readonly string[];
  /** Where everybody stands who may be named as an actor, also who has left. Absent: it is not checked whether an actor exists. */
  readonly actors?: { readonly table: string; readonly column: string };
  /** Fields that every record of a human must fill. */
  readonly required: readonly AttributionField[];
}

export const attributionFields = ['actor', 'at', 'rowKey', 'application', 'correlation', 'reason'] as const;
export type AttributionField = (typeof attributionFields)[number];

export interface Observe {
  /** Fast checks: counters and catalogue. */
  readonly intervalMs: number;
  /** Exact checks of what is new. */
  readonly confirmIntervalMs: number;
  /** A suspicion that is not resolved by then is unknown, never ok. */
  readonly resolveWithinMs: number;
  /** Rows that the rolling replay compares per cycle. */
  readonly replayRowsPerCycle: number;
  /** Share of one session's time that reading new records may take. */
  readonly maxLoad: number;
  /** For reading what there was before, once. */
  readonly catchUpLoad: number;
  readonly maxClockSkewMs: number;
  /** Digests (`md5(prosrc)`) of trigger functions that are known good besides the first seen. */
  readonly trustedFunctions: readonly string[];
}

export interface AuditRetention {
  /** Nothing younger than this may have been disposed of. */
  readonly keepDays: number;
  /** When auditing began, if later than the data: a young system is not non-compliant. */
  readonly since?: string;
}

/** A question to the portal's own tables, which needs no audit records: what its rows say of one another. */
export interface Comparison {
  readonly name: string;
  /** For people: what a finding means, and what else it may mean. */
  readonly title: string;
  /**
   * A `proof` is a row that cannot be there, or be absent, without something having gone unlogged. A `hint` has
   * innocent causes too, so it is shown and never alerted on.
   */
  readonly strength: 'proof' | 'hint';
  /** One SELECT with a column `is_finding`. */
  readonly query: string;
}

export interface AuditWitness {
  readonly kind: 'decoding';
  readonly database: DatabaseAccess;
  /** The replication slot, made by an administrator. */
  readonly slot: string;
}
