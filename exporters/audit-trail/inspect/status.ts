import type { AuditOperation, AuditTrail } from '../../../pack/index.js';
import {
  type AuditInvariant,
  type AuditTableState,
  auditInvariants,
  type EvidenceSource,
} from '../../../pack/metrics/index.js';
import { type Logger, type Redactor, silentLogger } from '../../runtime/log.js';
import { MetricStore } from '../../runtime/metrics/index.js';
import { looseFolder } from '../../runtime/state/index.js';
import type { ComparisonResult } from '../comparisons/run.js';
import { readFacts } from '../database/facts.js';
import { AuditMetrics } from '../metrics.js';
import { disposalsIn } from '../observer/checks/disposals.js';
import { type ReplayPage, replayKeys, replayRows } from '../observer/checks/full-scan/replay.js';
import { makePlan } from '../observer/checks/plan.js';
import { checkContinuity } from '../observer/checks/reading/continuity.js';
import { retention } from '../observer/checks/retention.js';
import { type LoopState, tableMemory } from '../observer/loop-state.js';
import { MemoryDirectory, readOnly } from '../observer/memory.js';
import { Observer } from '../observer/observer.js';
import { pollOf, runCheck } from '../observer/run-check.js';
import { slotOf } from '../observer/slots.js';
import { goneWithFault } from '../observer/tables/gone.js';
import type { TableMemory } from '../observer/tables/memory.js';
import type { Evidence } from '../observer/verdict/evidence.js';
import { type Finding, hashedKey, type IdentityKind } from '../observer/verdict/findings.js';
import { unexplainedSoFar } from '../observer/verdict/judged.js';
import type { Window } from '../records/reader.js';
import type { RecordsSql } from '../records/sql.js';
import { beginning } from '../records/watermark.js';

export interface TableStatus {
  readonly table: string;
  readonly state: AuditTableState;
  readonly reason: string;
  readonly since: string | undefined;
  readonly coverageRatio: number;
  /** Which operations lack an effective trigger, and what would mend it. */
  readonly problems: readonly string[];
  /** End of the last whole comparison of rows and records. */
  readonly comparedAt: string | undefined;
  /** Rows older than the trail, of which it can say nothing. */
  readonly rowsWithoutBaseline: number;
}

export interface TrailStatus {
  readonly trail: string;
  readonly portal: string;
  readonly title: string;
  readonly tablesInScope: number;
  readonly tablesCovered: number;
  readonly tables: readonly TableStatus[];
  readonly evidence: Readonly<Record<string, Evidence>>;
  /** What counters prove, they prove since then. */
  readonly epoch: { readonly since: string; readonly reason: string } | undefined;
  /** At this moment: backends report late, so that one of them may be about to pass. */
  readonly residuals: Readonly<Partial<Record<AuditInvariant, number>>>;
  /** Those that the running observer saw to last, and that nothing explained yet. */
  readonly unexplained: Readonly<Partial<Record<AuditInvariant, number>>>;
  /** Until a baseline of everything. */
  readonly identityBreaks: Readonly<Partial<Record<IdentityKind, number>>>;
  /** Undefined: not looked at. */
  readonly retention: { readonly disposedEarly: boolean; readonly partitionGaps: number } | undefined;
  readonly recordsReadAt: string | undefined;
  readonly bypassRoles: readonly string[];
  /** What was found by comparing business tables with one another; by name. */
  readonly comparisons: Readonly<Record<string, ComparisonResult>>;
}

export interface StatusOptions {
  /** The running observer's; what it proved is read there, and nothing is written. */
  /** Of the audit-trail exporter, below the state directory. */
  readonly stateDirectory: string;
  readonly signal: AbortSignal;
  readonly log?: Logger;
  readonly redactor?: Redactor;
}

/** What is proven of a trail, since when, by which evidence: a fresh look, and what the running observer has kept. */
export async function status(trail: AuditTrail, options: StatusOptions): Promise<TrailStatus> {
  return await withObserver(trail, options, async (observer) => {
    await observer.lookQuickly(options.signal);
    const { context } = observer;
    const { seen, sql, lost } = context;
    // What cannot be looked at stays undefined, and is said to be.
    if (lost === undefined && seen !== undefined && sql !== undefined) {
      const { signal } = options;
      const poll = { ...pollOf(context, seen, { signal, deadline: Number.POSITIVE_INFINITY }), sql };
      await runCheck(context, slotOf(context, 'retention'), retention, poll);
      signal.throwIfAborted();
    }
    return statusOf(context);
  });
}

/** As the observer itself sees it now; for the landing page and for `status`. */
export function statusOf(context: LoopState): TrailStatus {
  const { trail, seen, memory, evidence } = context;
  const { retention: kept, exposure, comparisons } = memory.checks;
  const coverage = [...(seen?.coverage.values() ?? [])];
  return {
    trail: trail.name,
    portal: trail.portal,
    title: trail.title,
    tablesInScope: seen?.tables.length ?? 0,
    tablesCovered: coverage.filter(({ ratio }) => ratio === 1).length,
    tables: [
      ...(seen?.tables ?? []).map(({ label }) => tableStatus(context, label, tableMemory(context, label))),
      ...goneWithFault(memory).map((label) => tableStatus(context, label, memory.gone[label])),
    ],
    evidence: Object.fromEntries(evidence.all()),
    epoch:
      memory.epoch === undefined
        ? undefined
        : { since: iso(memory.epoch.startedAt) ?? '', reason: memory.epoch.reason },
    residuals: memory.checks.counters.found ?? {},
    unexplained: unexplainedSoFar(memory.checks.counters),
    identityBreaks: memory.identityBreaks ?? {},
    retention:
      kept.found === undefined
        ? undefined
        : { disposedEarly: kept.found.disposedEarly, partitionGaps: kept.found.partitionGaps },
    recordsReadAt: iso(memory.checks.reading.progress?.caughtUpAt),
    bypassRoles: exposure.found?.names ?? [],
    comparisons: comparisons.results ?? {},
  };
}

function tableStatus(context: LoopState, label: string, own: TableMemory | undefined): TableStatus {
  const coverage = context.seen?.coverage.get(label);
  return {
    table: label,
    state: own?.state?.state ?? 'unknown',
    reason: own?.state?.reason ?? context.whyNoRecords ?? 'not looked at yet',
    since: iso(own?.state?.since),
    coverageRatio: coverage?.ratio ?? 0,
    problems: Object.values(coverage?.operations ?? {}).flatMap(({ problems }) => problems),
    comparedAt: iso(own?.replay.scanned?.endedAt),
    rowsWithoutBaseline: own?.replay.scanned?.unbaselined ?? 0,
  };
}

export interface ExplainOptions extends StatusOptions {
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
  /** Equalities that do not hold, in words and figures. */
  readonly equalities: readonly { readonly invariant: AuditInvariant; readonly residual: number }[];
  readonly problems: readonly string[];
  /** Found in a comparison of the whole table made just now. */
  readonly findings: readonly ExplainedFinding[];
  /** There are more than were listed. */
  readonly truncated: boolean;
  /** Why rows could not be compared. */
  readonly obstacle: string | undefined;
  readonly evidence: Readonly<Partial<Record<EvidenceSource, Evidence>>>;
}

/** The database cannot be seen; the message says why. */
export class CannotLook extends Error {
  override readonly name = 'CannotLook';
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
/** Records that do not agree with the one before them and are looked into, of each part of a table. */
const MOST_CANDIDATES = 10_000;

/**
 * Why a table is what it is: which equality broke, and at which rows. Compares the whole table and its whole history,
 * whatever the running observer has done so far.
 *
 * @throws {NotInScope | CannotLook}
 */
export async function explain(trail: AuditTrail, table: string, options: ExplainOptions): Promise<Explanation> {
  return await withObserver(trail, options, async (observer) => {
    await observer.lookQuickly(options.signal);
    const { context } = observer;
    if (context.lost !== undefined) throw new CannotLook(context.lost);
    const gone = goneWithFault(context.memory).includes(table) ? context.memory.gone[table] : undefined;
    const tables = [...(context.seen?.tables.map(({ label }) => label) ?? []), ...goneWithFault(context.memory)];
    if (!tables.includes(table)) throw new NotInScope(trail.name, table, tables);
    const limit = options.limit ?? 100;
    const { findings, truncated, obstacle } =
      gone === undefined
        ? await findAll(context, table, limit + 1, options.signal)
        : {
            findings: [],
            truncated: false,
            obstacle: 'no table in scope has this name now, so there is nothing to compare',
          };
    const residuals = context.memory.checks.counters.found ?? {};
    const shown = tableStatus(context, table, gone ?? tableMemory(context, table));
    return {
      table,
      state: shown.state,
      reason: shown.reason,
      equalities: auditInvariants.flatMap((invariant) =>
        (residuals[invariant] ?? 0) === 0 ? [] : [{ invariant, residual: residuals[invariant] ?? 0 }],
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
      evidence: Object.fromEntries(context.evidence.all()),
    };
  });
}

async function findAll(
  context: LoopState,
  table: string,
  limit: number,
  signal: AbortSignal,
): Promise<{ findings: Finding[]; truncated: boolean; obstacle: string | undefined }> {
  const { sql, seen } = context;
  if (sql === undefined || seen === undefined)
    return { findings: [], truncated: false, obstacle: context.whyNoRecords };
  await lookForSnapshot(context, table, sql, signal);
  const poll = { ...pollOf(context, seen, { signal, deadline: Number.POSITIVE_INFINITY }), sql };
  const plan = await poll.read((session) => makePlan(poll, session));
  const found = new Map<string, Finding>();
  let truncated = false;
  const accepted = new Set(tableMemory(context, table).accepted?.ids);
  const add = (findings: readonly Finding[]) => {
    for (const finding of findings)
      if (!accepted.has(finding.id) && !found.has(finding.id)) found.set(finding.id, finding);
  };
  for (const [recordedAs, own] of plan.continuity) {
    if (own.table.label !== table) continue;
    const whole: Window = {
      where: (alias) => sql.ofTable(alias, own.name),
      params: [],
      next: beginning('xid8'),
      caughtUp: true,
      isEmpty: false,
    };
    const result = await context.database.look(signal, async (session) =>
      checkContinuity(session, sql, await readFacts(session), whole, new Map([[recordedAs, own]]), MOST_CANDIDATES),
    );
    add(result.findings);
    truncated ||= result.truncated;
  }
  for (const unit of plan.units.get(table) ?? []) {
    for (const replay of [replayRows, replayKeys]) {
      let from: readonly string[] | undefined;
      do {
        const page: ReplayPage = await context.heavy.look(signal, async (session) =>
          replay(session, sql, await readFacts(session), unit, from, PAGE_ROWS),
        );
        add(page.mismatches.map(({ finding }) => finding));
        from = page.next;
      } while (from !== undefined && found.size < limit);
    }
  }
  return { findings: [...found.values()], truncated, obstacle: plan.obstacles.get(table) };
}

/** Without the state of a running observer nobody has said yet whether every row must have a record. */
async function lookForSnapshot(context: LoopState, table: string, sql: RecordsSql, signal: AbortSignal): Promise<void> {
  const own = tableMemory(context, table);
  const scoped = context.seen?.tables.find(({ label }) => label === table);
  if (own.reading.hadSnapshot || scoped === undefined) return;
  const places = [scoped.name, ...scoped.leaves.map(({ schema, name }) => ({ schema, name }))];
  const [found] = await context.database.look(signal, (session) =>
    session.query<{ has: boolean }>(
      `select ${places
        .map((place) => `exists (select from ${sql.all} r where ${sql.ofTable('r', place)} and r.op = 'SNAPSHOT')`)
        .join(' or ')} as has`,
    ),
  );
  own.reading.hadSnapshot = found?.has === true;
}

async function withObserver<T>(
  trail: AuditTrail,
  options: StatusOptions,
  work: (observer: Observer) => Promise<T>,
): Promise<T> {
  const log = options.log ?? silentLogger;
  const observer = new Observer(trail, {
    log,
    ...(options.redactor === undefined ? {} : { redactor: options.redactor }),
    metrics: new AuditMetrics(new MetricStore()).trail(trail),
    memory: readOnly(new MemoryDirectory(looseFolder(options.stateDirectory), log)),
    declarations: options.stateDirectory,
    ...disposalsIn(trail),
    // One look cannot tell a passing difference from a lasting one; the running observer's judgement is shown.
    options: { settleMs: 11_000 },
    isVisitor: true,
  });
  try {
    return await work(observer);
  } finally {
    await observer.close();
  }
}

function iso(ms: number | undefined): string | undefined {
  return ms === undefined || ms === 0 ? undefined : new Date(ms).toISOString();
}
