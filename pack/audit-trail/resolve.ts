import type { Resolving } from '../domain.js';
import { resolveDatabase } from '../postgres/resolve.js';
import type { Places } from '../reading/places.js';
import type { KeyPath } from '../reading/source-node.js';
import { resolveSeal } from '../sealing/resolve.js';
import type { AuditColumns, AuditRecords, AuditTrail, AuditWitness, ColumnRef } from './model.js';
import { applicationWriteLagMs, auditPresets } from './presets.js';
import type { ParsedAuditRecords, ParsedColumnRef } from './schema/records.js';
import type { ParsedAuditTrail } from './schema/trail.js';
import { namedComparisons } from './shipped-comparisons.js';

export function resolveAuditTrail(name: string, trail: ParsedAuditTrail, { places }: Resolving): AuditTrail {
  const path = ['auditTrails', name];
  const { database, replica, records, observe, retention, seal, witness, comparisons, ...rest } = trail;
  return {
    name,
    ...rest,
    database: resolveDatabase(database, [...path, 'database'], places),
    ...(replica === undefined ? {} : { replica: resolveDatabase(replica, [...path, 'replica'], places) }),
    ...(records === undefined ? {} : { records: resolveRecords(records) }),
    observe: {
      intervalMs: observe.interval,
      confirmIntervalMs: observe.confirmInterval,
      resolveWithinMs: observe.resolveWithin,
      replayRowsPerCycle: observe.replayRowsPerCycle,
      maxLoad: observe.maxLoad,
      catchUpLoad: observe.catchUpLoad,
      maxClockSkewMs: observe.maxClockSkew,
      trustedFunctions: observe.trustedFunctions,
    },
    retention: { keepDays: retention.keep, ...(retention.since === undefined ? {} : { since: retention.since }) },
    ...(seal === undefined ? {} : { seal: resolveSeal(seal, [...path, 'seal'], places) }),
    ...(witness?.kind === 'decoding' ? { witness: resolveWitness(witness, [...path, 'witness'], places) } : {}),
    comparisons: Array.isArray(comparisons)
      ? namedComparisons(comparisons)
      : Object.entries(comparisons).map(([key, comparison]) => ({ name: key, ...comparison })),
    ...(Array.isArray(comparisons) ? { namesComparisons: true as const } : {}),
    ...(witness?.kind === 'walinspect' ? { ignoresWalInspect: true as const } : {}),
  };
}

/** The preset, with what the trail says otherwise. The rules have seen to it that nothing necessary is missing. */
function resolveRecords(written: ParsedAuditRecords): AuditRecords {
  const preset = auditPresets[written.preset];
  const writtenBy = written.writtenBy ?? preset.writtenBy;
  const table = written.table ?? preset.table;
  const archive = written.archive ?? preset.archive;
  const lag = writtenBy === 'trigger' ? 0 : preset.maxWriteLagMs || applicationWriteLagMs;
  if (table === undefined) {
    throw new Error('records without a table passed the rules');
  }
  return {
    preset: written.preset,
    table,
    ...(archive === undefined ? {} : { archive }),
    columns: resolveColumns(written),
    operations: resolveOperations({ ...preset.operations, ...written.operations }),
    ...(Object.keys(written.tables).length === 0 ? {} : { tables: written.tables }),
    writtenBy,
    maxWriteLagMs: written.maxWriteLag ?? lag,
    triggerFunctions: written.triggerFunctions ?? (writtenBy === 'trigger' ? preset.triggerFunctions : []),
  };
}

function resolveColumns({ preset, columns }: ParsedAuditRecords): AuditColumns {
  const { fixedTable, ...refs } = columns;
  const own = Object.fromEntries(
    Object.entries(refs).flatMap(([key, ref]) => (ref === undefined ? [] : [[key, columnRef(ref)]])),
  );
  const { fixedTable: presetTable, ...theirs } = auditPresets[preset].columns;
  const merged: Partial<AuditColumns> = { ...withoutOtherImages(theirs, refs), ...own };
  const { id, at, operation, table, ...others } = merged;
  if (id === undefined || at === undefined || operation === undefined) {
    throw new Error('records without necessary columns passed the rules');
  }
  // One of the two is enough, and what the trail says itself decides which.
  const fixed = fixedTable ?? (refs.table === undefined ? presetTable : undefined);
  return {
    id,
    at,
    operation,
    ...others,
    ...(fixed === undefined ? (table === undefined ? {} : { table }) : { fixedTable: fixed }),
  };
}

/** Row images that a trail describes in one form replace those that its preset has in another. */
function withoutOtherImages(theirs: Partial<AuditColumns>, own: ParsedAuditRecords['columns']): Partial<AuditColumns> {
  const { oldRow, newRow: _new, newValues: _values, changes: _changes, ...rest } = theirs;
  if (own.changes !== undefined) return rest;
  if ((own.newRow ?? own.newValues) === undefined) return theirs;
  return oldRow === undefined ? rest : { ...rest, oldRow };
}

function columnRef(written: ParsedColumnRef): ColumnRef {
  return typeof written === 'string' ? { column: written } : written;
}

function resolveOperations(words: Readonly<Record<string, string>>): AuditRecords['operations'] {
  const result: Record<string, AuditRecords['operations'][string]> = {};
  for (const [word, operation] of Object.entries(words)) {
    switch (operation) {
      case 'INSERT':
      case 'UPDATE':
      case 'DELETE':
      case 'TRUNCATE':
      case 'SNAPSHOT':
        result[word] = operation;
    }
  }
  return result;
}

type ParsedWitness = Extract<ParsedAuditTrail['witness'], { kind: 'decoding' }>;

function resolveWitness(witness: ParsedWitness, path: KeyPath, places: Places): AuditWitness {
  return { ...witness, database: resolveDatabase(witness.database, [...path, 'database'], places) };
}
