import {
  type MismatchDirection,
  mismatchDirections,
  type UnaccountedInvariant,
  unaccountedInvariants,
} from '../../../../pack/audit-trail/metrics.js';
import type { CountersMemory } from '../checks/counters/invariants.js';
import { directionOf, type MismatchStep, sumOfTables } from '../checks/counters/steps.js';

/** Changes that only counters show: of one invariant, in one direction. */
export interface UnaccountedChanges {
  readonly invariant: UnaccountedInvariant;
  readonly direction: MismatchDirection;
  readonly changes: number;
  /** They happened between these moments (milliseconds). */
  readonly since: number;
  readonly until: number;
  /** Tables whose counters moved in that time, and all changes that were counted in them. */
  readonly tables: MismatchStep['tables'];
}

/** What stays open until a baseline of everything is declared. */
export function unaccountedChanges({
  unaccounted = [],
}: Pick<CountersMemory, 'unaccounted'>): readonly UnaccountedChanges[] {
  return unaccountedInvariants.flatMap((invariant) =>
    mismatchDirections.flatMap((direction) => {
      const steps = unaccounted.filter((step) => step.invariant === invariant && directionOf(step) === direction);
      if (steps.length === 0) return [];
      return {
        invariant,
        direction,
        changes: steps.reduce((sum, { amount }) => sum + Math.abs(amount), 0),
        since: Math.min(...steps.map((step) => step.since)),
        until: Math.max(...steps.map((step) => step.until)),
        tables: sumOfTables(steps.flatMap(({ tables }) => tables)),
      };
    }),
  );
}

const meaning: Readonly<Record<UnaccountedInvariant, Readonly<Record<MismatchDirection, string>>>> = {
  operations_calls: {
    above: 'row changes for which no trigger was called',
    below: 'calls of the trigger without a row change',
  },
  calls_records: {
    above: 'calls of the trigger that wrote no record',
    below: 'records that no call of the trigger wrote to its end',
  },
};

/** For people: what, when, where, and what it may be. */
export function unaccountedText({ invariant, direction, changes, since, until, tables }: UnaccountedChanges): string {
  const when = `between ${new Date(since).toISOString()} and ${new Date(until).toISOString()}`;
  return `${changes} ${meaning[invariant][direction]}, ${when}; ${whereText({ invariant, direction, tables })}`;
}

function whereText({
  invariant,
  direction,
  tables,
}: Pick<UnaccountedChanges, 'invariant' | 'direction' | 'tables'>): string {
  if (tables.length === 0) return 'it is not known in which tables';
  const shown = tables
    .slice(0, MOST_SHOWN)
    .map(
      ({ table, inserted, updated, deleted }) =>
        `${table} (${inserted} inserted, ${updated} updated, ${deleted} deleted)`,
    );
  const more = tables.length > MOST_SHOWN ? ` and ${tables.length - MOST_SHOWN} more tables` : '';
  return `counted then in ${shown.join(', ')}${more}${hintText(invariant, direction, tables)}`;
}

const MOST_SHOWN = 5;

/** A hint, and no evidence. */
function hintText(
  invariant: UnaccountedInvariant,
  direction: MismatchDirection,
  tables: UnaccountedChanges['tables'],
): string {
  if (invariant === 'calls_records' && direction === 'below')
    return '; a hint at statements or sessions that were ended while the trigger wrote its record';
  if (tables.some(({ inserted, deleted }) => inserted > 0 && inserted === deleted))
    return '; as many inserts as deletes are a hint at rows that were inserted and deleted unrecorded';
  if (tables.every(({ updated, deleted }) => updated + deleted === 0))
    return '; inserts alone are a hint at a statement that failed midway';
  return '';
}

export const unaccountedWayOut =
  'To settle it: a witness (witness:) tells which of such changes were committed. When the reason is known, declare a baseline that names no table.';
