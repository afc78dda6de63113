import type { AuditOperation } from '../../../../../pack/audit-trail/model.js';
import type { Session } from '../../../../runtime/postgres/read-only.js';
import type { Facts } from '../../../database/facts.js';
import type { RecordsWindow } from '../../../records/reader.js';
import type { RecordsSql } from '../../../records/sql.js';
import type { Column } from '../../tables/columns.js';
import { mayHideBetween } from '../../tables/earlier-keys.js';
import { type Finding, findingId } from '../../verdict/findings.js';
import { mayLieBetween } from '../disposals.js';
import { mayDifferByDefinition, sameValue } from '../images.js';
import { withoutSpelling } from '../same-values.js';
import { shouldBeTold } from '../spelled-values.js';
import {
  CANDIDATES,
  type Candidate,
  type ContinuityTable,
  FIRST_SNAPSHOT,
  MOVED_AWAY,
  PAGE,
  TRUNCATES,
  UNDER_OLD_KEY,
} from './continuity-sql.js';

export interface ContinuityResult {
  readonly findings: readonly Finding[];
  /** Differences in columns whose definition changed in between, by table. */
  readonly ddl: ReadonlyMap<string, number>;
  /** Records whose row had another key before, by which its history cannot be followed; by table. */
  readonly unfollowed: ReadonlyMap<string, number>;
  /** The changes of definition that these differences straddle: when there is a newer one, nothing else knows of them. */
  readonly redefined: readonly Redefined[];
  /** Histories that begin in the middle, where no baseline says what came before. */
  readonly withoutBeginning: number;
  /** Records that cannot be compared with the one before them, by table. */
  readonly lackingImages: ReadonlyMap<string, number>;
  /** There were more disagreements than were examined. */
  readonly truncated: boolean;
}

export interface Redefined {
  readonly table: string;
  readonly column: string;
  /** The transaction. */
  readonly by: string;
}

/** @param most candidates that are examined; all of them unless given. */
export async function checkContinuity(
  session: Session,
  sql: RecordsSql,
  facts: Facts,
  window: RecordsWindow,
  tables: ReadonlyMap<string, ContinuityTable>,
  most = Number.POSITIVE_INFINITY,
): Promise<ContinuityResult> {
  const judged = new Judge(session, sql, facts);
  for (let from = 0; ; from += PAGE) {
    if (from >= most) return { ...judged.result(), truncated: true };
    const rows = await session.query<Candidate>(
      CANDIDATES(sql, facts, window, [...tables.values()], from),
      window.params,
    );
    for (const [label, own] of groupByTable(rows)) {
      const table = tables.get(label);
      // Records of tables out of scope are not checked.
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
  readonly #unfollowed = new Map<string, number>();
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
      unfollowed: this.#unfollowed,
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
    const all = candidates.map((found) => ({ ...found, ...underOldKey.get(found.id) }));
    for (const candidate of await withoutSpelling(this.#session, table.columns.columns, all, this.#sql)) {
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
      // Of changed columns alone nobody can tell the key that the row had before.
      if (candidate.lacking === 'own' && table.columns.earlierKeys.length > 0) {
        this.#addLacking(table, candidate.xid);
        return;
      }
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
    if (candidate.lacking !== null || shouldBeTold(candidate, table.columns).length > 0) {
      this.#addLacking(table, candidate.lacking === 'own' ? candidate.xid : candidate.previous_xid);
      return;
    }
    this.#compare(table, candidate);
  }

  #addLacking({ table: { label }, acceptedBefore }: ContinuityTable, xid: string | null): void {
    if (BigInt(xid ?? 0) < acceptedBefore) return;
    this.#lackingImages.set(label, (this.#lackingImages.get(label) ?? 0) + 1);
  }

  #compare(table: ContinuityTable, candidate: Candidate): void {
    const columns = new Map(table.columns.columns.map((column) => [column.name, column]));
    const changed: string[] = [];
    for (const [name, [a, b]] of Object.entries(candidate.difference ?? {})) {
      const column = columns.get(name);
      if (sameValue(a, b, { type: column?.base })) continue;
      // What an application writes is no row version: nothing shows that the row was not written in between.
      const mayBeExcused = column !== undefined && this.#sql.records.writtenBy === 'trigger';
      const by = mayBeExcused ? redefinedBy(table, column, candidate, [a, b])?.toString() : undefined;
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
    const seen = candidate.previous === null ? 0n : previousXid;
    if (mayHideBetween(table.columns.earlierKeys, seen, BigInt(candidate.xid ?? 0))) {
      const { label } = table.table;
      this.#unfollowed.set(label, (this.#unfollowed.get(label) ?? 0) + 1);
      return;
    }
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
    // What changed does not hold the key, unless it is the key that changed.
    return format !== undefined && columns.key.length > 0 && this.#sql.hasImages && !this.#sql.hasParts;
  }
}

/** The transaction that redefined the column between two images, if that may be why they differ. */
function redefinedBy(
  table: ContinuityTable,
  column: Column,
  candidate: Candidate,
  [a, b]: readonly [string, string],
): bigint | undefined {
  if (!mayDifferByDefinition(column, BigInt(candidate.previous_xid ?? 0), a, b)) return undefined;
  const changes = [column.changed, column.typeChanged, ...(table.redefined[column.name] ?? []).map(BigInt)];
  return changes.find((changed) => straddles(candidate, changed));
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
