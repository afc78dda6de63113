import { createHash } from 'node:crypto';
import type { identityKinds } from '../../../../pack/audit-trail/metrics.js';
import type { AuditOperation } from '../../../../pack/audit-trail/model.js';

/** What may be wrong with the ids of records. It concerns the trail as a whole, and no single table. */
export type IdentityKind = (typeof identityKinds)[number];

/**
 * - missing: a change that has no record
 * - unexplained: a record without a change
 * - altered: a record that no longer says what it said
 */
export const findingKinds = ['missing', 'unexplained', 'altered'] as const;
export type FindingKind = (typeof findingKinds)[number];

/** The verdict on a finding: it counts against its table, was accepted before, or cannot be decided yet. */
export type FindingVerdict = 'confirmed' | 'accepted' | 'postponed';

/** A fault at one row, shown by an exact check. */
export interface Finding {
  readonly table: string;
  readonly kind: FindingKind;
  readonly operation: AuditOperation;
  readonly check: 'continuity' | 'replay' | 'witness' | 'catalogue';
  /**
   * The row and its last record before the fault. Continuity and replay see the same fault from two sides; it has one
   * id, and is counted once.
   */
  readonly id: string;
  /** Never shown without the operator asking for it, never stored. */
  readonly key: string;
  readonly detail: string;
  /** Of which kind it is will be known when counters have settled; until then it is not counted. */
  readonly isUnclear?: boolean;
}

export function findingId(table: string, key: string, lastRecord: string | undefined): string {
  return createHash('sha256')
    .update(JSON.stringify([table, key, lastRecord ?? null]))
    .digest('base64url')
    .slice(0, 20);
}

/** Identifies a row in messages without showing its key. */
export function hashedKey(table: string, key: string): string {
  return createHash('sha256')
    .update(JSON.stringify([table, key]))
    .digest('hex')
    .slice(0, 12);
}
