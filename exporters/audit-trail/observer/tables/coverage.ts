import type { AuditOperation, AuditTrail } from '../../../../pack/audit-trail/model.js';
import { auditOperations } from '../../../../pack/audit-trail/model.js';
import type { Catalogue, Trigger, TriggerFunction } from './catalogue.js';
import type { ScopedTable } from './scope.js';

const BEFORE = 2;
const ROW = 1;
const INSTEAD = 64;
const bits: Readonly<Record<AuditOperation, number>> = { INSERT: 4, DELETE: 8, UPDATE: 16, TRUNCATE: 32 };

export interface OperationCoverage {
  /** Nothing that a session can set, short of DDL, keeps this operation from being recorded. */
  readonly effective: boolean;
  /** Recorded in an ordinary session. False means that records are certainly missing. */
  readonly recording: boolean;
  /** What is wrong, and how to fix it. */
  readonly problems: readonly string[];
}

export interface Coverage {
  readonly table: string;
  readonly operations: Readonly<Partial<Record<AuditOperation, OperationCoverage>>>;
  /** Share of the required operations with an effective trigger. */
  readonly ratio: number;
}

/**
 * Each required operation needs, on every leaf partition, a trigger that fires always, for every row and column, and
 * calls a known function whose source is trusted: a TRUNCATE of a leaf skips its parent's trigger, while one of the
 * parent fires those of all leaves; DETACH drops the row trigger that ATTACH had cloned; and an ordinary trigger is
 * silent under `session_replication_role = replica`. Without any leaf there is nothing to record yet.
 */
export function coverageOf(
  trail: AuditTrail,
  table: ScopedTable,
  catalogue: Catalogue,
  distrusted: ReadonlySet<string>,
): Coverage {
  const expected = new Set(trail.records?.triggerFunctions ?? []);
  const functions = new Map(catalogue.functions.map((fn) => [fn.oid, fn]));
  const operations: Partial<Record<AuditOperation, OperationCoverage>> = {};
  const required = auditOperations.filter((operation) => trail.scope.operations.includes(operation));
  for (const operation of required) {
    const found = table.leaves.map((place) => {
      const triggers = catalogue.triggers.filter(({ relation }) => relation === place.oid);
      return judge(operation, `${place.schema}.${place.name}`, triggers, functions, expected, distrusted);
    });
    operations[operation] = {
      effective: found.every(({ effective }) => effective),
      recording: found.every(({ recording }) => recording),
      problems: found.flatMap(({ problems }) => problems),
    };
  }
  const good = required.filter((operation) => operations[operation]?.effective).length;
  return { table: table.label, operations, ratio: required.length === 0 ? 1 : good / required.length };
}

function judge(
  operation: AuditOperation,
  place: string,
  triggers: readonly Trigger[],
  functions: ReadonlyMap<string, TriggerFunction>,
  expected: ReadonlySet<string>,
  distrusted: ReadonlySet<string>,
): OperationCoverage {
  const ours = triggers.filter((trigger) => {
    const fn = functions.get(trigger.fn);
    return (
      fn !== undefined &&
      expected.has(fn.name) &&
      (trigger.type & bits[operation]) !== 0 &&
      (trigger.type & INSTEAD) === 0
    );
  });
  const problemsOf = ours.map((trigger) => ({
    trigger,
    problems: shortcomings(operation, place, trigger, functions, distrusted),
  }));
  const effective = problemsOf.some(({ problems }) => problems.length === 0);
  const recording = problemsOf.some(({ trigger }) => isRecording(operation, trigger) && !distrusted.has(trigger.fn));
  if (effective) return { effective, recording: true, problems: [] };
  const problems =
    ours.length === 0 ? [`no trigger on ${place} records ${operation}`] : problemsOf.flatMap((item) => item.problems);
  return { effective, recording, problems };
}

function isRecording(operation: AuditOperation, trigger: Trigger): boolean {
  const fires = trigger.enabled === 'A' || trigger.enabled === 'O';
  return (
    fires && trigger.unconditional && trigger.all_columns && (operation === 'TRUNCATE' || (trigger.type & ROW) !== 0)
  );
}

function shortcomings(
  operation: AuditOperation,
  place: string,
  trigger: Trigger,
  functions: ReadonlyMap<string, TriggerFunction>,
  distrusted: ReadonlySet<string>,
): string[] {
  const name = `trigger ${trigger.name} on ${place}`;
  const problems: string[] = [];
  if (trigger.enabled === 'D') problems.push(`${name} is disabled`);
  else if (trigger.enabled === 'R') problems.push(`${name} fires only for replicas`);
  else if (trigger.enabled === 'O')
    problems.push(`${name} can be bypassed: ALTER TABLE ${place} ENABLE ALWAYS TRIGGER ${trigger.name}`);
  if (!trigger.unconditional) problems.push(`${name} has a WHEN condition`);
  if (!trigger.all_columns) problems.push(`${name} fires for some columns only`);
  if (operation !== 'TRUNCATE' && (trigger.type & ROW) === 0)
    problems.push(`${name} fires once per statement, not per row`);
  // What a BEFORE trigger sees may still be changed by another trigger after it.
  if (operation !== 'TRUNCATE' && (trigger.type & BEFORE) !== 0) problems.push(`${name} fires before the change`);
  if (distrusted.has(trigger.fn)) {
    const fn = functions.get(trigger.fn);
    problems.push(
      `the source of ${fn?.name ?? 'its function'} changed (digest ${fn?.digest ?? 'unknown'}); name the digest under trustedFunctions if that was meant`,
    );
  }
  return problems;
}

/** Bits of the operations for which a relation has a row trigger that calls every time; see `checks/counters/sample.ts`. */
export function countedOperations(relation: string, catalogue: Catalogue, functions: ReadonlySet<string>): number {
  let mask = 0;
  for (const trigger of catalogue.triggers) {
    if (trigger.relation !== relation || !functions.has(trigger.fn) || (trigger.type & ROW) === 0) continue;
    if (trigger.unconditional && trigger.all_columns) mask |= trigger.type;
  }
  return mask & (bits.INSERT | bits.UPDATE | bits.DELETE);
}

export const operationBits = bits;
export const ROW_BIT = ROW;
