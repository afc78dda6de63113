import { covers, type Declaration, declarationId, type Maintenance } from './declarations.js';

/** What people declared, of which it was already applied, and now. */
export interface Declared {
  readonly declarations: readonly Declaration[];
  /** Ids of declarations. */
  readonly applied: readonly string[];
  readonly settleMs: number;
  readonly now: number;
}

/**
 * The maintenance declared for a table now; a little longer than declared, because counters arrive late, and until its
 * baseline was taken.
 */
export function maintenanceOf(declared: Declared, table: string): Maintenance | undefined {
  const { declarations, applied, settleMs, now } = declared;
  return declarations.find(
    (item): item is Maintenance =>
      item.kind === 'maintenance' &&
      covers(item, table) &&
      Date.parse(item.from) <= now &&
      (now <= Date.parse(item.until) + settleMs || !applied.includes(declarationId(item))),
  );
}

export function underMaintenance(
  { reason }: Maintenance,
  now: number,
): { readonly reason: string; readonly at: number } {
  return { reason: `maintenance: ${reason}`, at: now };
}
