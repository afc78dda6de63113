import { failureOf } from '../../runtime/postgres/failure.js';
import { type QualifiedName, textOf } from '../../runtime/postgres/quote.js';
import type { Session } from '../../runtime/postgres/read-only.js';
import { readFacts } from '../database/facts.js';
import { detectKeyFormat, type KeyFormat } from '../records/keys.js';
import type { RecordsSql } from '../records/sql.js';
import type { Relation } from './catalogue.js';
import { readColumns, type TableColumns } from './columns.js';
import { type TrailContext, tableMemory } from './context.js';
import type { ContinuityTable } from './continuity.js';
import { disposalsHere, disposalsOf, type TableDisposal } from './disposals.js';
import { madeAt } from './other-tables.js';
import type { ReplayUnit } from './replay.js';
import type { ScopedTable } from './scope.js';

export interface Plan {
  /** By the name that records give. */
  readonly continuity: ReadonlyMap<string, ContinuityTable>;
  /** By the label of the table in scope. */
  readonly units: ReadonlyMap<string, readonly ReplayUnit[]>;
}

/** What there is to compare and how, and for each table that cannot be compared, why not. */
export async function makePlan(context: TrailContext, session: Session, sql: RecordsSql): Promise<Plan> {
  const { seen } = context;
  const continuity = new Map<string, ContinuityTable>();
  const units = new Map<string, ReplayUnit[]>();
  context.obstacles = new Map();
  if (seen === undefined) return { continuity, units };
  const facts = await readFacts(session);
  const columns = await readColumns(
    session,
    facts,
    seen.tables.flatMap(({ relation, leaves }) => [relation.oid, ...leaves.map(({ oid }) => oid)]),
  );
  for (const table of seen.tables) {
    const own: ReplayUnit[] = [];
    const places = placesOf(context, table);
    // Dropped since; the next quick look finds it gone, and until then there is nothing to say of it.
    if (!places.every(({ relation }) => columns.has(relation.oid))) continue;
    for (const { relation, recordedAs } of places) {
      const shape = columns.get(relation.oid) ?? { columns: [], key: [] };
      const { format, unreadable } = await keyFormat(session, sql, recordedAs, shape);
      continuity.set(textOf(recordedAs), continuityTable(context, table, relation, recordedAs, shape, format));
      const obstacle = unreadable ?? obstacleOf(relation, shape, format, sql, facts.role);
      if (obstacle !== undefined) context.obstacles.set(table.label, obstacle);
      else if (format !== undefined) own.push(unitOf(context, table, relation, recordedAs, shape, format, sql));
    }
    if (!context.obstacles.has(table.label)) units.set(table.label, own);
  }
  return { continuity, units };
}

/** One record that is no JSON makes its own table unknown, not the whole trail. */
async function keyFormat(
  session: Session,
  sql: RecordsSql,
  name: QualifiedName,
  { key }: TableColumns,
): Promise<{ readonly format?: KeyFormat | undefined; readonly unreadable?: string }> {
  if (!sql.parsesImages) return { format: await detectKeyFormat(session, sql, name, key) };
  await session.query('savepoint key_format');
  try {
    const format = await detectKeyFormat(session, sql, name, key);
    await session.query('release savepoint key_format');
    return { format };
  } catch (error) {
    const { kind, reason } = failureOf(error);
    if (kind !== 'other') throw error;
    await session.query('rollback to savepoint key_format');
    return { unreadable: `records of ${textOf(name)} cannot be read: ${reason}` };
  }
}

interface Place {
  readonly relation: Relation;
  readonly recordedAs: QualifiedName;
}

/** A trigger on a partition names the partition; a trail may name the table instead. What was read so far tells. */
function placesOf({ memory }: TrailContext, { relation, leaves, label }: ScopedTable): readonly Place[] {
  const asTable = { relation, recordedAs: { schema: relation.schema, name: relation.name } };
  if (relation.kind === 'r' || memory.recordNames.includes(label)) return [asTable];
  return leaves.map((leaf) => ({ relation: leaf, recordedAs: { schema: leaf.schema, name: leaf.name } }));
}

function continuityTable(
  context: TrailContext,
  table: ScopedTable,
  relation: Relation,
  name: QualifiedName,
  columns: TableColumns,
  format: KeyFormat | undefined,
): ContinuityTable {
  const memory = tableMemory(context, table.label);
  const mutated = context.residuals.records_mutated ?? 0;
  const explained = context.memory.ledger?.explained.records_mutated ?? 0;
  return {
    table,
    name,
    columns,
    format,
    madeAt: madeAt(memory, relation),
    hasBaseline: memory.hadSnapshot,
    disposals: disposalsFor(context, name),
    // Asked when it is needed: a baseline may be taken between two pages.
    get acceptedBefore() {
      return BigInt(memory.accepted?.xid ?? 0);
    },
    redefined: memory.redefined ?? {},
    recordsRewritten: mutated > explained,
  };
}

function unitOf(
  context: TrailContext,
  table: ScopedTable,
  relation: Relation,
  recordedAs: QualifiedName,
  columns: TableColumns,
  format: KeyFormat,
  sql: RecordsSql,
): ReplayUnit {
  const memory = tableMemory(context, table.label);
  return {
    table: table.label,
    oid: relation.oid,
    relation: { schema: relation.schema, name: relation.name },
    recordedAs,
    columns,
    format,
    madeAt: madeAt(memory, relation),
    hasSnapshot: memory.hadSnapshot,
    disposals: disposalsFor(context, recordedAs),
    // Asked when it is needed, as the next: a quick look may have seen other storage since this was planned.
    get watchedSince() {
      const watched = memory.watched[relation.oid];
      return watched === undefined ? undefined : BigInt(watched.xid);
    },
    get acceptedBefore() {
      return BigInt(memory.accepted?.xid ?? 0);
    },
    get isAccepting() {
      return memory.accepted?.isSweepPending === true;
    },
    comparesVersions: comparesVersions(context, relation, sql),
    get recordsAreTooMany() {
      return areTooMany(context);
    },
  };
}

function disposalsFor({ disposals, seen, trail }: TrailContext, name: QualifiedName): readonly TableDisposal[] {
  if (seen === undefined || trail.records === undefined) return [];
  return disposalsOf(disposalsHere(disposals, seen.facts), name, trail.records);
}

/** A session reports its calls and its records one after the other, so what is not settled yet may only seem so. */
function areTooMany({ memory, residuals }: TrailContext): ReplayUnit['recordsAreTooMany'] {
  const { judged, pending, explained } = memory.ledger ?? { judged: {}, pending: {}, explained: {} };
  if ((residuals.calls_records ?? 0) >= (explained.calls_records ?? 0)) return 'no';
  return (judged.calls_records ?? 0) + (pending.calls_records ?? 0) < 0 ? 'yes' : 'perhaps';
}

/**
 * A trigger writes its record in the transaction, and subtransaction, of the change; unless it is deferred to the
 * commit, or its function opens a subtransaction of its own with an EXCEPTION block.
 */
function comparesVersions({ trail, seen }: TrailContext, relation: Relation, sql: RecordsSql): boolean {
  if (trail.records?.writtenBy !== 'trigger' || seen === undefined || sql.records.columns.newRow === undefined)
    return false;
  const { catalogue } = seen;
  const names = new Set(trail.records.triggerFunctions.map((name) => name.replace(/\(.*\)$/, '')));
  const ours = catalogue.functions.filter(({ name }) => names.has(name));
  const isPlain = ours.length > 0 && ours.every(({ catches }) => !catches);
  return isPlain && catalogue.triggers.every((trigger) => trigger.relation !== relation.oid || !trigger.deferrable);
}

function obstacleOf(
  relation: Relation,
  { columns, key }: TableColumns,
  format: KeyFormat | undefined,
  sql: RecordsSql,
  role: string,
): string | undefined {
  const name = `${relation.schema}.${relation.name}`;
  if (!sql.tells(relation.schema)) return `the records name no schema, so those of ${name} cannot be told apart`;
  if (sql.records.columns.rowKey === undefined) return 'the records do not say which row they are of';
  if (key.length === 0) return `${name} has no primary key, so rows and records cannot be paired`;
  const hidden = key.filter(({ name: own }) => columns.find((column) => column.name === own)?.readable !== true);
  if (hidden.length > 0)
    return `the rows cannot be read: GRANT SELECT ON ${name} TO ${role}${relation.is_partition ? `; for partitions to come, ALTER DEFAULT PRIVILEGES IN SCHEMA ${relation.schema} GRANT SELECT ON TABLES TO ${role}` : ''}`;
  if (format === undefined) return `the row keys in the records of ${name} are of no known form`;
  return undefined;
}
