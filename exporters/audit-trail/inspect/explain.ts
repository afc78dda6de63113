import { type AuditInvariant, type AuditTableState, auditInvariants } from '../../../pack/audit-trail/metrics.js';
import type { AuditOperation, AuditTrail } from '../../../pack/audit-trail/model.js';
import type { Session } from '../../runtime/postgres/read-only.js';
import { UnprovenReplica } from '../../runtime/postgres/replica-proof.js';
import { readFacts } from '../database/facts.js';
import type { ReplayPage } from '../observer/checks/full-scan/replay.js';
import { replayKeys } from '../observer/checks/full-scan/replay-keys.js';
import { replayRows } from '../observer/checks/full-scan/replay-rows.js';
import { makePlan } from '../observer/checks/plan.js';
import { checkContinuity } from '../observer/checks/reading/continuity.js';
import type { Loop } from '../observer/loop.js';
import { goneWithFault } from '../observer/tables/gone.js';
import { newTableMemory } from '../observer/tables/memory.js';
import type { WrittenBook } from '../observer/verdict/evidence.js';
import { type Finding, hashedKey } from '../observer/verdict/findings.js';
import type { RecordsWindow } from '../records/reader.js';
import type { RecordsSql } from '../records/sql.js';
import { beginning } from '../records/watermark.js';
import { tableStatus } from './status.js';
import { type VisitOptions, withObserver } from './visit.js';

export interface ExplainOptions extends VisitOptions {
  /** Show row keys instead of their hashes. */
  readonly showKeys: boolean;
  /** Findings are listed up to this many; 100 unless given. */
  readonly limit?: number;
}

export interface ExplainedFinding {
  readonly kind: Finding['kind'];
  readonly operation: AuditOperation;
  readonly check: Finding['check'];
  /** A hash, unless keys are to be shown. */
  readonly key: string;
  readonly detail: string;
}

export interface Explanation {
  readonly table: string;
  readonly state: AuditTableState;
  readonly reason: string;
  /** The invariants that are broken, with their amounts. */
  readonly equalities: readonly { readonly invariant: AuditInvariant; readonly residual: number }[];
  readonly problems: readonly string[];
  /** Found in a comparison of the whole table made just now. */
  readonly findings: readonly ExplainedFinding[];
  /** There are more than were listed. */
  readonly truncated: boolean;
  /** Why rows could not be compared. */
  readonly obstacle: string | undefined;
  readonly evidence: WrittenBook;
}

/** The database cannot be seen; the message says why. */
export class DatabaseNotSeen extends Error {
  override readonly name = 'DatabaseNotSeen';
}

export class NotInScope extends RangeError {
  override readonly name = 'NotInScope';
  readonly trail: string;
  readonly table: string;
  /** Those that are. */
  readonly tables: readonly string[];

  constructor(trail: string, table: string, tables: readonly string[]) {
    super(`${table} is not in scope of trail ${trail}; in scope are ${tables.join(', ') || 'no tables'}`);
    this.trail = trail;
    this.table = table;
    this.tables = tables;
  }
}

const PAGE_ROWS = 5000;
/** Of each part of a table: records that do not agree with the one before them, and are examined. */
const MOST_CANDIDATES = 10_000;

/**
 * Why a table has its state: which invariant is broken, and at which rows. Compares the whole table and its whole history,
 * whatever the running observer has done so far.
 *
 * @throws {NotInScope | DatabaseNotSeen}
 */
export async function explain(trail: AuditTrail, table: string, options: ExplainOptions): Promise<Explanation> {
  return await withObserver(trail, options, async (observer) => {
    await observer.runFastChecks(options.signal);
    const { lost, memory, seen, evidence } = observer.state;
    if (lost !== undefined) throw new DatabaseNotSeen(lost);
    const gone = goneWithFault(memory).includes(table) ? memory.gone[table] : undefined;
    const tables = [...(seen?.tables.map(({ label }) => label) ?? []), ...goneWithFault(memory)];
    if (!tables.includes(table)) throw new NotInScope(trail.name, table, tables);
    const limit = options.limit ?? 100;
    const { findings, truncated, obstacle } =
      gone === undefined
        ? await findAll(observer.loop, table, limit + 1, options.signal)
        : {
            findings: [],
            truncated: false,
            obstacle: 'no table in scope has this name now, so there is nothing to compare',
          };
    const mismatches = memory.checks.counters.found ?? {};
    const shown = tableStatus(observer.state, table, gone ?? memory.tables[table]);
    return {
      table,
      state: shown.state,
      reason: shown.reason,
      equalities: auditInvariants.flatMap((invariant) =>
        (mismatches[invariant] ?? 0) === 0 ? [] : [{ invariant, residual: mismatches[invariant] ?? 0 }],
      ),
      problems: shown.problems,
      findings: findings.slice(0, limit).map(({ kind, operation, check, key, detail }) => ({
        kind,
        operation,
        check,
        key: options.showKeys ? key : hashedKey(table, key),
        detail,
      })),
      truncated: truncated || findings.length > limit,
      obstacle,
      evidence: evidence.written(),
    };
  });
}

async function findAll(
  loop: Loop,
  table: string,
  limit: number,
  signal: AbortSignal,
): Promise<{ findings: Finding[]; truncated: boolean; obstacle: string | undefined }> {
  const { sql, seen, whyNoRecords, memory } = loop.state;
  if (sql === undefined || seen === undefined) return { findings: [], truncated: false, obstacle: whyNoRecords };
  await findSnapshot(loop, table, sql, signal);
  const poll = { ...loop.poll(seen, { signal, deadline: Number.POSITIVE_INFINITY }), sql };
  const plan = await poll.read((session) => makePlan(poll, session, () => poll));
  const found = new Map<string, Finding>();
  let truncated = false;
  const accepted = new Set(memory.tables[table]?.accepted?.ids);
  const add = (findings: readonly Finding[]) => {
    for (const finding of findings)
      if (!accepted.has(finding.id) && !found.has(finding.id)) found.set(finding.id, finding);
  };
  for (const [recordedAs, own] of plan.continuity) {
    if (own.table.label !== table) continue;
    const whole: RecordsWindow = {
      where: (alias) => sql.ofTable(alias, own.name),
      params: [],
      next: beginning('xid8'),
      caughtUp: true,
      isEmpty: false,
    };
    const result = await loop.database.read(signal, async (session) =>
      checkContinuity(session, sql, await readFacts(session), whole, new Map([[recordedAs, own]]), MOST_CANDIDATES),
    );
    add(result.findings);
    truncated ||= result.truncated;
  }
  const readRows = rowsReader(loop, signal);
  for (const unit of plan.units.get(table) ?? []) {
    for (const replay of [replayRows, replayKeys]) {
      let from: readonly string[] | undefined;
      do {
        const page: ReplayPage = await readRows(async (session) =>
          replay(session, sql, await readFacts(session), unit, from, PAGE_ROWS),
        );
        add(page.mismatches.map(({ finding }) => finding));
        from = page.next;
      } while (from !== undefined && found.size < limit);
    }
  }
  return { findings: [...found.values()], truncated, obstacle: plan.obstacles.get(table) };
}

/** On the database itself from where the replica proves nothing: somebody waits for the answer. */
function rowsReader(loop: Loop, signal: AbortSignal): <T>(work: (session: Session) => Promise<T>) => Promise<T> {
  let reading = loop.heavy;
  return async (work) => {
    try {
      return await reading.read(signal, work);
    } catch (error) {
      if (!(error instanceof UnprovenReplica)) throw error;
      loop.log.warn('rows are compared on the database itself', { reason: error.message });
      reading = loop.database;
      return await reading.read(signal, work);
    }
  };
}

/** Without the state of a running observer it is not known yet whether every row must have a record. */
async function findSnapshot(loop: Loop, table: string, sql: RecordsSql, signal: AbortSignal): Promise<void> {
  const own = loop.state.memory.tables[table] ?? newTableMemory();
  const scoped = loop.state.seen?.tables.find(({ label }) => label === table);
  if (own.reading.hadSnapshot || scoped === undefined) return;
  const places = [scoped.name, ...scoped.leaves.map(({ schema, name }) => ({ schema, name }))];
  const [found] = await loop.database.read(signal, (session) =>
    session.query<{ has: boolean }>(
      `select ${places
        .map((place) => `exists (select from ${sql.all} r where ${sql.ofTable('r', place)} and r.op = 'SNAPSHOT')`)
        .join(' or ')} as has`,
    ),
  );
  const reading = { ...own.reading, hadSnapshot: found?.has === true };
  loop.change(({ memory, ...state }) => ({
    ...state,
    memory: { ...memory, tables: { ...memory.tables, [table]: { ...own, reading } } },
  }));
}
