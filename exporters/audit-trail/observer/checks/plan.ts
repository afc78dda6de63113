import { failureOf } from '../../../runtime/postgres/failure.js';
import { type QualifiedName, textOf } from '../../../runtime/postgres/quote.js';
import type { Session } from '../../../runtime/postgres/read-only.js';
import { type Facts, readFacts } from '../../database/facts.js';
import { detectKeyFormat, type KeyFormat, recordedKeys } from '../../records/keys.js';
import type { RecordsSql } from '../../records/sql.js';
import type { RecordsPoll } from '../check.js';
import type { Known } from '../known.js';
import type { Relation } from '../tables/catalogue.js';
import { noColumns, readColumns, type TableColumns } from '../tables/columns.js';
import { followKey, type KeyHistory, type RecordedKeys, withHistory } from '../tables/earlier-keys.js';
import { newTableMemory } from '../tables/memory.js';
import type { ScopedTable } from '../tables/scope.js';
import { netOf } from './counters/steps.js';
import { disposalsHere, disposalsOf, type TableDisposal } from './disposals.js';
import type { ReplayUnit } from './full-scan/replay.js';
import { findsRows } from './last-record.js';
import type { ContinuityTable } from './reading/continuity-sql.js';

export interface Plan {
  /** By the name that records give. */
  readonly continuity: ReadonlyMap<string, ContinuityTable>;
  /** By the label of the table in scope. */
  readonly units: ReadonlyMap<string, readonly ReplayUnit[]>;
  /** Why a table cannot be proven, by label: no key, no privilege. */
  readonly obstacles: ReadonlyMap<string, string>;
  /** By the label of the table in scope: what the keys of its relations were, and are. */
  readonly keys: ReadonlyMap<string, Readonly<Record<string, KeyHistory>>>;
}

/** The parts of a poll that change between two pages. */
type Live = Pick<RecordsPoll, 'known' | 'disposals'>;

/** A poll for checks that read tables. */
export interface PlannedPoll extends RecordsPoll {
  readonly plan: Plan;
}

/**
 * What to compare and how; and for each table that cannot be compared, the reason.
 *
 * @param live what is known at the moment of the call: fast checks, and what people state, come between the pages.
 */
export async function makePlan(poll: RecordsPoll, session: Session, live: () => Live): Promise<Plan> {
  const { sql, tables } = poll;
  const continuity = new Map<string, ContinuityTable>();
  const units = new Map<string, ReplayUnit[]>();
  const obstacles = new Map<string, string>();
  const keys = new Map<string, Record<string, KeyHistory>>();
  const facts = await readFacts(session);
  const columns = await readColumns(
    session,
    facts,
    tables.flatMap(({ relation, leaves }) => [relation.oid, ...leaves.map(({ oid }) => oid)]),
  );
  for (const table of tables) {
    const own: ReplayUnit[] = [];
    const places = placesOf(poll, table);
    // It was dropped since. The next poll finds it gone.
    if (!places.every(({ relation }) => columns.has(relation.oid))) continue;
    const known = poll.known.tables[table.label]?.reading.keys ?? {};
    const histories: Record<string, KeyHistory> = {};
    for (const { relation, recordedAs } of places) {
      const read = columns.get(relation.oid) ?? noColumns;
      const history = await followKey(known[relation.oid], read, facts.xmin, () =>
        keysInRecords(session, sql, recordedAs),
      );
      const first = withHistory(read, history);
      const { format, unreadable } = await keyFormat(session, sql, recordedAs, first);
      const decided = await decideKept(session, sql, facts, { relation, recordedAs, history, shape: first, format });
      histories[relation.oid] = decided;
      const shape = decided === history ? first : withHistory(read, decided);
      continuity.set(textOf(recordedAs), continuityTable(poll, live, table, relation, recordedAs, shape, format));
      const obstacle = unreadable ?? obstacleOf(relation, shape, format, sql, facts.role);
      if (obstacle !== undefined) obstacles.set(table.label, obstacle);
      else if (format !== undefined) own.push(unitOf(poll, live, table, relation, recordedAs, shape, format));
    }
    keys.set(table.label, histories);
    if (!obstacles.has(table.label)) units.set(table.label, own);
  }
  return { continuity, units, obstacles, keys };
}

/** Without an index over tables and keys it may take too long; then no key is known but those that were seen. */
async function keysInRecords(session: Session, sql: RecordsSql, name: QualifiedName): Promise<RecordedKeys> {
  await session.query('savepoint recorded_keys');
  try {
    return await recordedKeys(session, sql, name);
  } catch (error) {
    if (failureOf(error).kind !== 'timeout') throw error;
    await session.query('rollback to savepoint recorded_keys');
    return [];
  }
}

interface Undecided {
  readonly relation: Relation;
  readonly recordedAs: QualifiedName;
  readonly history: KeyHistory;
  readonly shape: TableColumns;
  readonly format: KeyFormat | undefined;
}

/** Of keys that the table had before and whose definition does not say whether their values are as they were. */
async function decideKept(
  session: Session,
  sql: RecordsSql,
  facts: Facts,
  { relation, recordedAs, history, shape, format }: Undecided,
): Promise<KeyHistory> {
  const { earlierKeys: keys } = shape;
  const isReadable = shape.key.every(({ name }) => shape.columns.some((own) => own.name === name && own.readable));
  if (format === undefined || !isReadable || !keys.some(({ isUndecided }) => isUndecided)) return history;
  const earlier: KeyHistory['earlier'][number][] = [];
  for (const [place, own] of history.earlier.entries()) {
    const key = keys[place];
    const isKept =
      key?.isUndecided === true
        ? await findsRows(session, sql, facts, { relation, recordedAs, columns: shape, format }, key)
        : own.isKept;
    earlier.push(isKept === undefined ? own : { ...own, isKept });
  }
  return { ...history, earlier };
}

/** One record that is no JSON makes its own table unknown, not the whole trail. */
async function keyFormat(
  session: Session,
  sql: RecordsSql,
  name: QualifiedName,
  { key, earlierKeys }: TableColumns,
): Promise<{ readonly format?: KeyFormat | undefined; readonly unreadable?: string }> {
  const earlier = earlierKeys.map(({ columns }) => columns);
  if (!sql.parsesImages) return { format: await detectKeyFormat(session, sql, name, key, earlier) };
  await session.query('savepoint key_format');
  try {
    const format = await detectKeyFormat(session, sql, name, key, earlier);
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
function placesOf({ known }: RecordsPoll, { relation, leaves, label }: ScopedTable): readonly Place[] {
  const asTable = { relation, recordedAs: { schema: relation.schema, name: relation.name } };
  if (relation.kind === 'r' || known.checks.reading.recordNames.includes(label)) return [asTable];
  return leaves.map((leaf) => ({ relation: leaf, recordedAs: { schema: leaf.schema, name: leaf.name } }));
}

function continuityTable(
  poll: RecordsPoll,
  live: () => Live,
  table: ScopedTable,
  relation: Relation,
  name: QualifiedName,
  columns: TableColumns,
  format: KeyFormat | undefined,
): ContinuityTable {
  const own = () => live().known.tables[table.label] ?? newTableMemory();
  return {
    table,
    name,
    columns,
    format,
    madeAt: madeAt(own(), relation),
    hasBaseline: own().reading.hadSnapshot,
    get disposals() {
      return disposalsFor(poll, live(), name);
    },
    get acceptedBefore() {
      return BigInt(own().accepted?.xid ?? 0);
    },
    get redefined() {
      return own().reading.redefined ?? {};
    },
    get recordsRewritten() {
      const { found, ledger } = live().known.checks.counters;
      return (found?.records_mutated ?? 0) > (ledger?.explained.records_mutated ?? 0);
    },
  };
}

function unitOf(
  poll: RecordsPoll,
  live: () => Live,
  table: ScopedTable,
  relation: Relation,
  recordedAs: QualifiedName,
  columns: TableColumns,
  format: KeyFormat,
): ReplayUnit {
  const own = () => live().known.tables[table.label] ?? newTableMemory();
  return {
    table: table.label,
    oid: relation.oid,
    relation: { schema: relation.schema, name: relation.name },
    recordedAs,
    columns,
    format,
    madeAt: madeAt(own(), relation),
    hasSnapshot: own().reading.hadSnapshot,
    get disposals() {
      return disposalsFor(poll, live(), recordedAs);
    },
    get watchedSince() {
      const watched = own().storage.watched[relation.oid];
      return watched === undefined ? undefined : BigInt(watched.xid);
    },
    get acceptedBefore() {
      return BigInt(own().accepted?.xid ?? 0);
    },
    get isAccepting() {
      const { accepted, replay } = own();
      return accepted !== undefined && (replay.scanned?.startedAt ?? 0) < accepted.at;
    },
    comparesVersions: comparesVersions(poll, relation),
    get recordsAreTooMany() {
      return areTooMany(live().known);
    },
  };
}

function disposalsFor({ facts, sql }: RecordsPoll, { disposals }: Live, name: QualifiedName): readonly TableDisposal[] {
  return disposalsOf(disposalsHere(disposals, facts), name, sql.records);
}

/**
 * A session reports its calls and its records one after the other, so a mismatch that is not settled may disappear. One that was
 * decided on and stays unaccounted says nothing about later records.
 */
function areTooMany({ checks: { counters } }: Known): ReplayUnit['recordsAreTooMany'] {
  const { judged, pending, explained } = counters.ledger ?? { judged: {}, pending: {}, explained: {} };
  const old = netOf(counters.unaccounted ?? [], 'calls_records');
  const allowed = (explained.calls_records ?? 0) + old;
  if ((counters.found?.calls_records ?? 0) >= allowed) return 'no';
  return (judged.calls_records ?? 0) - old + (pending.calls_records ?? 0) < 0 ? 'yes' : 'perhaps';
}

/**
 * A trigger writes its record in the transaction, and subtransaction, of the change; unless it is deferred to the
 * commit, or its function opens a subtransaction of its own with an EXCEPTION block.
 */
function comparesVersions({ catalogue, sql }: RecordsPoll, relation: Relation): boolean {
  if (sql.records.writtenBy !== 'trigger' || sql.records.columns.newRow === undefined) return false;
  const names = new Set(sql.records.triggerFunctions.map((name) => name.replace(/\(.*\)$/, '')));
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
  if (!sql.tells(relation)) return `the records name no schema, so those of ${name} cannot be told apart`;
  if (sql.records.columns.rowKey === undefined) return 'the records do not say which row they are of';
  if (key.length === 0) return `${name} has no primary key, so rows and records cannot be paired`;
  const hidden = key.filter(({ name: own }) => columns.find((column) => column.name === own)?.readable !== true);
  if (hidden.length > 0)
    return `the rows cannot be read: GRANT SELECT ON ${name} TO ${role}${relation.is_partition ? `; for partitions to come, ALTER DEFAULT PRIVILEGES IN SCHEMA ${relation.schema} GRANT SELECT ON TABLES TO ${role}` : ''}`;
  if (format === undefined) return `the row keys in the records of ${name} are of no known form`;
  return undefined;
}

/**
 * Records from before this transaction are of another table that had the name of this one. Only of those is it known
 * that took a name while we watched: where we did not, the same figure may be that of a restore or an upgrade, or lie
 * four billion transactions too late, and every record before it would be left out.
 */
function madeAt(
  { storage }: { readonly storage: { readonly made?: Readonly<Record<string, string>> | undefined } },
  { oid }: Relation,
): bigint {
  return BigInt(storage.made?.[oid] ?? 0);
}
