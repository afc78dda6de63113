import type { AuditInvariant, AuditTableState } from '../../../pack/audit-trail/metrics.js';
import type { AuditTrail } from '../../../pack/audit-trail/model.js';
import type { ComparisonResult } from '../comparisons/run.js';
import { retentionCheck } from '../observer/checks/retention.js';
import type { LoopState } from '../observer/loop-state.js';
import { slotOf } from '../observer/slots.js';
import type { Coverage } from '../observer/tables/coverage.js';
import { goneWithFault } from '../observer/tables/gone.js';
import type { TableMemory } from '../observer/tables/memory.js';
import type { WrittenBook } from '../observer/verdict/evidence.js';
import type { IdentityKind } from '../observer/verdict/findings.js';
import { unexplainedSoFar } from '../observer/verdict/judged.js';
import type { Proof } from '../observer/verdict/proof.js';
import { type UnaccountedChanges, unaccountedChanges, unaccountedText } from '../observer/verdict/unaccounted.js';
import { type VisitOptions, withObserver } from './visit.js';

export interface TableStatus {
  readonly table: string;
  readonly state: AuditTableState;
  readonly reason: string;
  readonly since: string | undefined;
  readonly coverageRatio: number;
  /** Which operations lack an effective trigger, and what fixes it. */
  readonly problems: readonly string[];
  /** End of the last whole comparison of rows and records. */
  readonly comparedAt: string | undefined;
  /** What an `ok` or `explained` rests on: for each property that its reason claims. */
  readonly proof: TableProof | undefined;
  /** Rows older than the trail, of which it can say nothing. */
  readonly rowsWithoutBaseline: number;
}

export type TableProof = Readonly<
  Partial<Record<keyof Proof, { readonly by: string; readonly since: string | undefined }>>
>;

export interface TrailStatus {
  readonly trail: string;
  readonly portal: string;
  readonly title: string;
  readonly tablesInScope: number;
  readonly tablesCovered: number;
  readonly tables: readonly TableStatus[];
  readonly evidence: WrittenBook;
  /** Counters prove something only since then. */
  readonly epoch: { readonly since: string; readonly reason: string } | undefined;
  /** At this moment. Backends report late, so a mismatch may be about to disappear. */
  readonly residuals: Readonly<Partial<Record<AuditInvariant, number>>>;
  /** Lasting mismatches that the running observer has not explained. */
  readonly unexplained: Readonly<Partial<Record<AuditInvariant, number>>>;
  /** What only counters show and nothing confirmed or explained; until a baseline of everything. */
  readonly unaccounted: readonly UnaccountedStatus[];
  /** Until a baseline of everything. */
  readonly identityBreaks: Readonly<Partial<Record<IdentityKind, number>>>;
  /** Undefined: not checked. */
  readonly retention: { readonly disposedEarly: boolean; readonly partitionGaps: number } | undefined;
  readonly recordsReadAt: string | undefined;
  readonly bypassRoles: readonly string[];
  /** What was found by comparing business tables with one another; by name. */
  readonly comparisons: Readonly<Record<string, ComparisonResult>>;
}

export interface UnaccountedStatus extends Omit<UnaccountedChanges, 'since' | 'until'> {
  /** They happened between these moments. */
  readonly since: string | undefined;
  readonly until: string | undefined;
  readonly sentence: string;
}

/** What is proven of a trail, since when, by which evidence: a fresh poll, and what the running observer has kept. */
export async function status(trail: AuditTrail, options: VisitOptions): Promise<TrailStatus> {
  return await withObserver(trail, options, async (observer) => {
    await observer.runFastChecks(options.signal);
    const { seen, sql, lost } = observer.state;
    // What cannot be checked stays undefined, and is said to be.
    if (lost === undefined && seen !== undefined && sql !== undefined) {
      const { signal } = options;
      const poll = { ...observer.loop.poll(seen, { signal, deadline: Number.POSITIVE_INFINITY }), sql };
      await observer.loop.run(slotOf('retention'), retentionCheck, poll);
      signal.throwIfAborted();
    }
    return statusOf(observer.state);
  });
}

/** As the observer itself sees it now; for the landing page and for `status`. */
export function statusOf(state: LoopState): TrailStatus {
  const { trail, seen, memory, evidence } = state;
  const { retention: kept, exposure, comparisons } = memory.checks;
  const coverage = [...(seen?.coverage.values() ?? [])];
  return {
    trail: trail.name,
    portal: trail.portal,
    title: trail.title,
    tablesInScope: seen?.tables.length ?? 0,
    tablesCovered: coverage.filter(({ ratio }) => ratio === 1).length,
    tables: [
      ...(seen?.tables ?? []).map(({ label }) => tableStatus(state, label, memory.tables[label])),
      ...goneWithFault(memory).map((label) => tableStatus(state, label, memory.gone[label])),
    ],
    evidence: evidence.written(),
    epoch:
      memory.epoch === undefined
        ? undefined
        : { since: iso(memory.epoch.startedAt) ?? '', reason: memory.epoch.reason },
    residuals: memory.checks.counters.found ?? {},
    unexplained: unexplainedSoFar(memory.checks.counters),
    unaccounted: unaccountedChanges(memory.checks.counters).map((open) => ({
      ...open,
      since: iso(open.since),
      until: iso(open.until),
      sentence: unaccountedText(open),
    })),
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

export function tableStatus(state: LoopState, label: string, own: TableMemory | undefined): TableStatus {
  const coverage = state.seen?.coverage.get(label);
  const judged = isContradicted(state, own, coverage) ? silent : own?.state;
  return {
    table: label,
    state: judged?.state ?? 'unknown',
    reason: judged?.reason ?? state.whyNoRecords ?? 'not checked yet',
    since: iso(judged?.since),
    coverageRatio: coverage?.ratio ?? 0,
    problems: Object.values(coverage?.operations ?? {}).flatMap(({ problems }) => problems),
    comparedAt: iso(own?.replay.scanned?.endedAt),
    proof: judged !== undefined && 'proof' in judged ? proofStatus(judged.proof) : undefined,
    rowsWithoutBaseline: own?.replay.scanned?.unbaselined ?? 0,
  };
}

/** An exporter that stopped, or has not polled yet, judged what is no longer so: the catalogue shows that something is not recorded. */
function isContradicted({ trail }: LoopState, own: TableMemory | undefined, coverage: Coverage | undefined): boolean {
  const isProven = own?.state?.state === 'ok' || own?.state?.state === 'explained';
  const operations = Object.values(coverage?.operations ?? {});
  return isProven && trail.records?.writtenBy === 'trigger' && operations.some(({ recording }) => !recording);
}

const silent = { state: 'unknown', reason: 'not every operation is recorded', since: undefined } as const;

function proofStatus(proof: Proof): TableProof {
  return Object.fromEntries(
    Object.entries(proof).flatMap(([property, shown]) =>
      shown === undefined ? [] : [[property, { by: shown.by, since: iso(shown.since) }]],
    ),
  );
}

function iso(ms: number | undefined): string | undefined {
  return ms === undefined || ms === 0 ? undefined : new Date(ms).toISOString();
}
