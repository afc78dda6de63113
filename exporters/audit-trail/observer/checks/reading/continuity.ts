import type { AuditOperation } from '../../../../../pack/audit-trail/model.js';
import type { Session } from '../../../../runtime/postgres/read-only.js';
import { asXid8, type Facts } from '../../../database/facts.js';
import { type KeyFormat, keyOfImage } from '../../../records/keys.js';
import type { Window } from '../../../records/reader.js';
import type { RecordsSql } from '../../../records/sql.js';
import type { TableColumns } from '../../tables/columns.js';
import type { ScopedTable } from '../../tables/scope.js';
import { type Finding, findingId } from '../../verdict/findings.js';
import { mayLieBetween, type TableDisposal } from '../disposals.js';
import { differingColumns, type ImageDifference, sameValue } from '../images.js';

/** Of a change and the record before it: which of them does not say what there is to compare. */
const LACKING = (change: string, previous: string) =>
  `case when ${change}.op = 'INSERT' then null when ${change}.old is null then 'own'
        when ${previous}.op <> 'DELETE' and ${previous}.new is null then 'previous' end as lacking`;

/** Candidates looked at together, with all that differs in them. */
const PAGE = 5000;

/**
 * C6. Of each new record, the one before it of the same row: the old image of an UPDATE or DELETE must be what the row
 * was left as. Index (schema, table, key, id desc). Only what does not agree comes back.
 */
const CANDIDATES = (sql: RecordsSql, facts: Facts, window: Window, from: number) => {
  const xid8 = (xmin: string) => asXid8(xmin, facts.xmax);
  const difference = sql.hasImages
    ? `case when n.op <> 'INSERT' and q.new is distinct from n.old then ${differingColumns('q.new', 'n.old')} end`
    : 'null::jsonb';
  const isDifferent = sql.hasImages ? 'or q.new is distinct from n.old or n.old is null' : '';
  const { schema, table } = sql.records.columns;
  const same = [
    schema === undefined ? [] : 'p.sch = n.sch',
    table === undefined ? [] : 'p.tbl = n.tbl',
    'p.key = n.key',
  ]
    .flat()
    .join(' and ');
  // Put in order only when they are found: asked for in order, the planner would walk the whole log for each window.
  return `
with found as materialized (
select n.id::text as id, n.ord::text as ord, n.op, ${sql.tableText('n')} as "table", n.key::text as key, n.xid,
       q.id::text as previous, q.ord::text as previous_ord, q.op as previous_op, q.xid as previous_xid,
       ${LACKING('n', 'q')}, ${difference} as difference
from (select r.*, ${sql.txidOf('r', xid8)}::text as xid from ${sql.live} r
      where ${window.where('r')} and r.op in ('INSERT', 'UPDATE', 'DELETE') and r.key is not null) n
left join lateral (select p.id, p.ord, p.op, p.new, ${sql.txidOf('p', xid8)}::text as xid from ${sql.all} p
      where ${same} and p.ord < n.ord and p.op is not null order by p.ord desc limit 1) q on true
where case when n.op = 'INSERT' then q.id is not null and q.op <> 'DELETE'
      else q.id is null or q.op = 'DELETE' ${isDifferent} end
)
select * from found order by ord, id limit ${PAGE} offset ${from}`;
};

const FIRST_SNAPSHOT = (sql: RecordsSql, table: ScopedTable['name']) => `
select min(r.ord)::text as ord from ${sql.all} r where ${sql.ofTable('r', table)} and r.op = 'SNAPSHOT'`;

const TRUNCATES = (sql: RecordsSql, table: ScopedTable['name']) => `
select r.ord::text as ord from ${sql.all} r where ${sql.ofTable('r', table)} and r.key is null and r.op = 'TRUNCATE'`;

/**
 * An update may give a row another key; the record stands under the new one. Its history is under the old: for such
 * records, what came before them there.
 */
const UNDER_OLD_KEY = (sql: RecordsSql, facts: Facts, { name, columns, format = 'object' }: ContinuityTable) => {
  const xid8 = (xmin: string) => asXid8(xmin, facts.xmax);
  const oldKey = keyOfImage(format, 'r.old', columns.key, sql.keyType);
  const newKey = keyOfImage(format, 'r.new', columns.key, sql.keyType);
  return `
select m.id::text as id, q.id::text as previous, q.ord::text as previous_ord, q.op as previous_op, q.xid as previous_xid,
       ${LACKING('m', 'q')},
       case when q.new is distinct from m.old then ${differingColumns('q.new', 'm.old')} end as difference
from (select r.id, r.ord, r.op, r.old, ${oldKey} as old_key from ${sql.live} r
      where ${sql.ofTable('r', name)} and r.op = 'UPDATE' and r.id = any($1::text[]::${sql.idType}[])
        and r.old is not null and r.new is not null and ${oldKey} is distinct from ${newKey}) m
left join lateral (select p.id, p.ord, p.op, p.new, ${sql.txidOf('p', xid8)}::text as xid from ${sql.all} p
      where ${sql.ofTable('p', name)} and p.key = m.old_key and p.ord < m.ord and p.op is not null order by p.ord desc limit 1) q on true`;
};

/** Rows that left a key in this way. No index serves; asked only about keys whose history looks broken. */
const MOVED_AWAY = (sql: RecordsSql, { name, columns, format = 'object' }: ContinuityTable) => {
  const oldKey = keyOfImage(format, 'r.old', columns.key, sql.keyType);
  const newKey = keyOfImage(format, 'r.new', columns.key, sql.keyType);
  return `
select ${oldKey}::text as key, r.ord::text as ord from ${sql.all} r
where ${sql.ofTable('r', name)} and r.op = 'UPDATE' and ${oldKey} is distinct from ${newKey} and ${oldKey} = any($1::text[]::${sql.keyType}[])`;
};

export interface ContinuityTable {
  readonly table: ScopedTable;
  /** As the records name it: the table, or one of its leaves. */
  readonly name: ScopedTable['name'];
  readonly columns: TableColumns;
  readonly format: KeyFormat | undefined;
  /** Records from before this transaction are of another table that had its name; 0 unless that was seen to happen. */
  readonly madeAt: bigint;
  /** Every row has a record from when it was first seen, so a history without a beginning is a fault. */
  readonly hasBaseline: boolean;
  readonly disposals: readonly TableDisposal[];
  /** Faults older than this transaction were accepted by a declared baseline. */
  readonly acceptedBefore: bigint;
  /** By column: transactions that changed its definition before the last one did, as far as that explained anything. */
  readonly redefined: Readonly<Record<string, readonly string[]>>;
  /** Records were rewritten in this epoch: a break may then be theirs. */
  readonly recordsRewritten: boolean;
}

export interface ContinuityResult {
  readonly findings: readonly Finding[];
  /** Differences in columns whose definition changed in between, by table. */
  readonly ddl: ReadonlyMap<string, number>;
  /** The changes of definition that these differences straddle: when there is a newer one, nothing else knows of them. */
  readonly redefined: readonly Redefined[];
  /** Histories that begin in the middle, where no baseline says what came before. */
  readonly withoutBeginning: number;
  /** Records that cannot be compared with the one before them, by table. */
  readonly lackingImages: ReadonlyMap<string, number>;
  /** There were more disagreements than were looked at. */
  readonly truncated: boolean;
}

export interface Redefined {
  readonly table: string;
  readonly column: string;
  /** The transaction. */
  readonly by: string;
}

interface Candidate extends Record<string, unknown> {
  id: string;
  ord: string;
  op: AuditOperation;
  table: string;
  key: string;
  xid: string | null;
  previous: string | null;
  previous_ord: string | null;
  previous_op: string | null;
  previous_xid: string | null;
  lacking: 'own' | 'previous' | null;
  difference: ImageDifference | null;
}

/** @param most candidates looked at; all of them unless given. */
export async function checkContinuity(
  session: Session,
  sql: RecordsSql,
  facts: Facts,
  window: Window,
  tables: ReadonlyMap<string, ContinuityTable>,
  most = Number.POSITIVE_INFINITY,
): Promise<ContinuityResult> {
  const judged = new Judge(session, sql, facts);
  for (let from = 0; ; from += PAGE) {
    if (from >= most) return { ...judged.result(), truncated: true };
    const rows = await session.query<Candidate>(CANDIDATES(sql, facts, window, from), window.params);
    for (const [label, own] of groupByTable(rows)) {
      const table = tables.get(label);
      // Records of tables out of scope are none of ours.
      if (table !== undefined) await judged.judge(table, own);
    }
    if (rows.length < PAGE) return { ...judged.result(), truncated: false };
  }
}

class Judge {
  readonly #session: Session;
  readonly #sql: RecordsSql;
  readonly #facts: Facts;
  readonly #findings: Finding[] = [];
  readonly #ddl = new Map<string, number>();
  readonly #redefined = new Map<string, Redefined>();
  #withoutBeginning = 0;
  readonly #lackingImages = new Map<string, number>();

  constructor(session: Session, sql: RecordsSql, facts: Facts) {
    this.#session = session;
    this.#sql = sql;
    this.#facts = facts;
  }

  result() {
    return {
      findings: this.#findings,
      ddl: this.#ddl,
      redefined: [...this.#redefined.values()],
      withoutBeginning: this.#withoutBeginning,
      lackingImages: this.#lackingImages,
    };
  }

  async judge(table: ContinuityTable, candidates: readonly Candidate[]): Promise<void> {
    const truncates = await this.#truncates(table);
    const underOldKey = await this.#underOldKey(table, candidates);
    const movedAway = await this.#movedAway(table, candidates);
    const firstSnapshot = await this.#firstSnapshot(table, candidates);
    for (const found of candidates) {
      const candidate = { ...found, ...underOldKey.get(found.id) };
      const previousOrd = candidate.previous_ord;
      // What came between was disposed of lawfully, or may have been: nothing is left to compare with.
      if (mayLieBetween(table.disposals, BigInt(candidate.previous_xid ?? 0), BigInt(candidate.xid ?? 0))) continue;
      const isSince = (ord: string) => before(ord, candidate.ord) && (previousOrd === null || before(previousOrd, ord));
      const emptied = truncates.some(isSince);
      if (candidate.op !== 'INSERT') this.#judgeChange(table, candidate, emptied, firstSnapshot);
      // A table that was dropped took its rows with it; one that has its name now begins anew.
      else if (BigInt(candidate.previous_xid ?? candidate.xid ?? 0) < table.madeAt) continue;
      else if (!emptied && !movedAway.some((move) => move.key === candidate.key && isSince(move.ord)))
        this.#add(table, candidate, 'DELETE', 'a row was inserted where its history says there still is one');
    }
  }

  #judgeChange(
    table: ContinuityTable,
    candidate: Candidate,
    emptied: boolean,
    firstSnapshot: string | undefined,
  ): void {
    if (candidate.previous === null && !emptied) {
      // What is older than the baseline may begin anywhere.
      const isBeforeBaseline = firstSnapshot !== undefined && before(candidate.ord, firstSnapshot);
      if (table.hasBaseline && !isBeforeBaseline)
        this.#add(table, candidate, 'INSERT', 'the history of a row begins in the middle');
      else this.#withoutBeginning += 1;
      return;
    }
    if (emptied || candidate.previous_op === 'DELETE') {
      this.#add(table, candidate, 'INSERT', 'a row that was deleted is changed');
      return;
    }
    if (candidate.lacking !== null) {
      const xid = candidate.lacking === 'own' ? candidate.xid : candidate.previous_xid;
      if (BigInt(xid ?? 0) >= table.acceptedBefore)
        this.#lackingImages.set(table.table.label, (this.#lackingImages.get(table.table.label) ?? 0) + 1);
      return;
    }
    this.#compare(table, candidate);
  }

  #compare(table: ContinuityTable, candidate: Candidate): void {
    const columns = new Map(table.columns.columns.map((column) => [column.name, column]));
    const changed: string[] = [];
    for (const [name, [a, b]] of Object.entries(candidate.difference ?? {})) {
      const column = columns.get(name);
      if (sameValue(a, b, { type: column?.base })) continue;
      const changes = column === undefined ? [] : [column.changed, ...(table.redefined[name] ?? []).map(BigInt)];
      const by = changes.find((changed) => straddles(candidate, changed))?.toString();
      if (by !== undefined) {
        const { label } = table.table;
        this.#ddl.set(label, (this.#ddl.get(label) ?? 0) + 1);
        this.#redefined.set(JSON.stringify([label, name, by]), { table: label, column: name, by });
        continue;
      }
      changed.push(name);
    }
    if (changed.length > 0)
      this.#add(
        table,
        candidate,
        'UPDATE',
        `the old image is not the image before it, in ${changed.sort().join(', ')}`,
      );
  }

  #add(table: ContinuityTable, candidate: Candidate, operation: AuditOperation, detail: string): void {
    const previousXid = BigInt(candidate.previous_xid ?? candidate.xid ?? 0);
    if (previousXid < table.acceptedBefore) return;
    this.#findings.push({
      table: table.table.label,
      kind: table.recordsRewritten && operation === 'UPDATE' ? 'altered' : 'missing',
      operation,
      check: 'continuity',
      id: findingId(table.table.label, candidate.key, candidate.previous ?? undefined),
      key: candidate.key,
      detail,
    });
  }

  async #truncates({ name }: ContinuityTable): Promise<string[]> {
    const rows = await this.#session.query<{ ord: string }>(TRUNCATES(this.#sql, name));
    return rows.map(({ ord }) => ord);
  }

  async #firstSnapshot(table: ContinuityTable, candidates: readonly Candidate[]): Promise<string | undefined> {
    const isAsked = table.hasBaseline && candidates.some(({ op, previous }) => op !== 'INSERT' && previous === null);
    if (!isAsked) return undefined;
    const [row] = await this.#session.query<{ ord: string | null }>(FIRST_SNAPSHOT(this.#sql, table.name));
    return row?.ord ?? undefined;
  }

  async #underOldKey(
    table: ContinuityTable,
    candidates: readonly Candidate[],
  ): Promise<ReadonlyMap<string, Partial<Candidate>>> {
    const ids = candidates.filter(({ op }) => op === 'UPDATE').map(({ id }) => id);
    if (ids.length === 0 || !this.#knowsKeys(table)) return new Map();
    const rows = await this.#session.query<Candidate>(UNDER_OLD_KEY(this.#sql, this.#facts, table), [ids]);
    return new Map(rows.map((row) => [row.id, row]));
  }

  async #movedAway(
    table: ContinuityTable,
    candidates: readonly Candidate[],
  ): Promise<readonly { key: string; ord: string }[]> {
    const keys = candidates.filter(({ op }) => op === 'INSERT').map(({ key }) => key);
    if (keys.length === 0 || !this.#knowsKeys(table)) return [];
    return await this.#session.query<{ key: string; ord: string }>(MOVED_AWAY(this.#sql, table), [keys]);
  }

  #knowsKeys({ format, columns }: ContinuityTable): boolean {
    return format !== undefined && columns.key.length > 0 && this.#sql.hasImages;
  }
}

function straddles({ xid, previous_xid }: Candidate, changed: bigint): boolean {
  return BigInt(previous_xid ?? 0) < changed && changed <= BigInt(xid ?? 0);
}

/** Orders are numbers, or times in one ISO form. */
export function compareOrds(a: string, b: string): number {
  if (/^-?\d+$/.test(a) && /^-?\d+$/.test(b)) {
    const difference = BigInt(a) - BigInt(b);
    return difference < 0n ? -1 : difference > 0n ? 1 : 0;
  }
  return a < b ? -1 : a > b ? 1 : 0;
}

function before(a: string, b: string): boolean {
  return compareOrds(a, b) < 0;
}

function groupByTable(rows: readonly Candidate[]): Map<string, Candidate[]> {
  const groups = new Map<string, Candidate[]>();
  for (const row of rows) {
    const group = groups.get(row.table);
    if (group === undefined) groups.set(row.table, [row]);
    else group.push(row);
  }
  return groups;
}
