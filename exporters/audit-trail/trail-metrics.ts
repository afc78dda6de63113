import {
  type AuditInvariant,
  type AuditTableState,
  auditInvariants,
  auditTableStates,
  type CheckName,
  checkNames,
  type EvidenceSource,
  type EvidenceState,
  epochReasons,
  evidenceSources,
  evidenceStates,
  exposureKinds,
  identityKinds,
  mismatchDirections,
  readerKinds,
  recordParts,
  replayKinds,
  unaccountedInvariants,
} from '../../pack/audit-trail/metrics.js';
import type { AuditTrail, Comparison } from '../../pack/audit-trail/model.js';
import type { AuditFamilies } from './metric-families.js';
import type { DirectedAmounts } from './observer/checks/counters/steps.js';
import { type ActorKind, actorKinds } from './observer/checks/reading/attribution.js';

const operations = ['INSERT', 'UPDATE', 'DELETE', 'TRUNCATE'] as const;
type Operation = (typeof operations)[number];
type ReplayKind = (typeof replayKinds)[number];
const timeKinds = ['future', 'backdated'] as const;
const retentionKinds = ['disposed_early', 'partition_gap'] as const;
/** The metrics of one trail's observer. Series of tables come and go; all others exist from the beginning. */
export class TrailMetrics {
  readonly #m: AuditFamilies;
  readonly #labels: { readonly portal: string; readonly trail: string };
  readonly #operations: readonly Operation[];
  /** Unresolved ones only where actors are looked up. */
  readonly #actorKinds: readonly ActorKind[];
  readonly #tables = new Set<string>();
  #gone: ReadonlySet<string> = new Set();
  #unaccounted: DirectedAmounts = {};

  constructor(m: AuditFamilies, trail: AuditTrail) {
    this.#m = m;
    this.#labels = { portal: trail.portal, trail: trail.name };
    this.#operations = trail.scope.operations;
    this.#actorKinds = actorKinds.filter((kind) => kind !== 'unresolved' || trail.attribution.actors !== undefined);
    m.info.set({ ...this.#labels, title: trail.title, team: trail.team, preset: trail.records?.preset ?? 'none' }, 1);
    this.#zero(trail);
  }

  #zero(trail: AuditTrail): void {
    const m = this.#m;
    const labels = this.#labels;
    for (const object of ['trigger', 'function', 'log']) m.fingerprintChanges.zero({ ...labels, object });
    for (const reason of epochReasons) m.epochChanges.zero({ ...labels, reason });
    for (const kind of this.#actorKinds) m.actors.zero({ ...labels, kind });
    for (const kind of timeKinds) m.timeViolations.zero({ ...labels, kind });
    for (const kind of identityKinds) m.identityBreaks.zero({ ...labels, kind });
    for (const field of trail.attribution.required) m.attributionMissing.zero({ ...labels, field });
    for (const check of checkNames) m.lastCheck.zero({ ...labels, check });
    m.lookInterval.set(labels, trail.observe.intervalMs / 1000);
    m.confirmInterval.set(labels, trail.observe.confirmIntervalMs / 1000);
    m.clockSkewLimit.set(labels, trail.observe.maxClockSkewMs / 1000);
    m.writeLag.zero(labels);
    m.exported.zero(labels);
    m.readableTime.zero(labels);
    for (const source of evidenceSources) this.evidence(source, 'unknown');
  }

  scope(inScope: number, covered: number): void {
    this.#m.tablesInScope.set(this.#labels, inScope);
    this.#m.tablesCovered.set(this.#labels, covered);
  }

  /**
   * Shows the series of these tables, and removes those of tables that are gone.
   *
   * @param gone names without a table that have a proven fault: the series that show it stay.
   */
  tables(labels: readonly string[], gone: readonly string[] = []): void {
    const next = new Set(labels);
    const kept = new Set(gone);
    const isOver = (table: string) => !next.has(table) && !kept.has(table);
    for (const table of [...this.#tables, ...this.#gone].filter(isOver)) this.#forgetFaults(table);
    for (const table of this.#tables) if (!next.has(table)) this.#forgetTable(table);
    for (const table of next) if (!this.#tables.has(table)) this.#showTable(table);
    for (const table of kept) this.state(table, 'confirmed');
    this.#gone = kept;
  }

  #showTable(table: string): void {
    this.#tables.add(table);
    const labels = { ...this.#labels, table };
    if (!this.#gone.has(table)) this.state(table, 'unknown');
    for (const operation of this.#operations) {
      for (const handle of [this.#m.missing, this.#m.unexplained, this.#m.records])
        handle.zero({ ...labels, operation });
      this.#m.triggerEffective.zero({ ...labels, operation });
    }
    this.#m.coverage.zero(labels);
    this.#m.continuityBreaks.zero(labels);
    this.#m.replayProgress.zero(labels);
    this.#m.replaySwept.zero(labels);
  }

  #forgetTable(table: string): void {
    this.#tables.delete(table);
    const m = this.#m;
    const labels = { ...this.#labels, table };
    for (const handle of [
      m.coverage,
      m.triggerEffective,
      m.replayMismatches,
      m.replayProgress,
      m.replaySwept,
      m.completeness,
      m.records,
      m.witnessResidual,
    ])
      handle.remove(labels);
  }

  #forgetFaults(table: string): void {
    const { tableState, missing, unexplained, continuityBreaks } = this.#m;
    for (const handle of [tableState, missing, unexplained, continuityBreaks])
      handle.remove({ ...this.#labels, table });
  }

  coverage(table: string, ratio: number, effective: Readonly<Partial<Record<Operation, boolean>>>): void {
    const labels = { ...this.#labels, table };
    this.#m.coverage.set(labels, ratio);
    for (const [operation, is] of Object.entries(effective))
      this.#m.triggerEffective.set({ ...labels, operation }, is ? 1 : 0);
  }

  fingerprintChanged(object: 'trigger' | 'function' | 'log', by: number): void {
    this.#m.fingerprintChanges.inc({ ...this.#labels, object }, by);
  }

  /** Removes the series that are not known, instead of leaving their last value. */
  mismatches(found: Readonly<Partial<Record<AuditInvariant, number>>> | undefined): void {
    for (const invariant of auditInvariants) {
      const value = found?.[invariant];
      if (value === undefined) this.#m.counterResidual.remove({ ...this.#labels, invariant });
      else this.#m.counterResidual.set({ ...this.#labels, invariant }, value);
    }
  }

  /**
   * What is open, and all that ever was, as the state file has it. Neither is shown before that is known: a 0 would end an alert,
   * and a counter that begins there would seem to have grown by everything it ever counted.
   */
  unaccounted(open: DirectedAmounts, total: DirectedAmounts): void {
    for (const invariant of unaccountedInvariants) {
      for (const direction of mismatchDirections) {
        const labels = { ...this.#labels, invariant, direction };
        const before = this.#unaccounted[invariant]?.[direction] ?? 0;
        this.#m.unaccounted.set(labels, open[invariant]?.[direction] ?? 0);
        this.#m.unaccountedTotal.inc(labels, Math.max(0, (total[invariant]?.[direction] ?? 0) - before));
      }
    }
    this.#unaccounted = total;
  }

  epochChanged(reason: (typeof epochReasons)[number]): void {
    this.#m.epochChanges.inc({ ...this.#labels, reason });
  }

  state(table: string, state: AuditTableState): void {
    for (const each of auditTableStates)
      this.#m.tableState.set({ ...this.#labels, table, state: each }, each === state ? 1 : 0);
  }

  finding(
    table: string,
    kind: 'missing' | 'unexplained' | 'altered',
    operation: Operation,
    check: 'continuity' | 'replay' | 'witness' | 'catalogue',
  ): void {
    const labels = { ...this.#labels, table };
    if (kind === 'missing') this.#m.missing.inc({ ...labels, operation });
    if (kind === 'unexplained') this.#m.unexplained.inc({ ...labels, operation });
    if (check === 'continuity') this.#m.continuityBreaks.inc(labels);
  }

  replayed(table: string, mismatches: Readonly<Partial<Record<ReplayKind, number>>>, endedAtMs: number): void {
    const labels = { ...this.#labels, table };
    for (const kind of replayKinds) this.#m.replayMismatches.set({ ...labels, kind }, mismatches[kind] ?? 0);
    this.#m.replaySwept.set(labels, endedAtMs / 1000);
  }

  replayProgress(table: string, ratio: number): void {
    this.#m.replayProgress.set({ ...this.#labels, table }, ratio);
  }

  fullScanPeriod(seconds: number): void {
    const labels = { ...this.#labels, sweep: 'replay' };
    this.#m.sweepPeriod.set(labels, seconds);
  }

  completeness(table: string, ratio: number | undefined): void {
    const labels = { ...this.#labels, table };
    if (ratio === undefined) this.#m.completeness.remove(labels);
    else this.#m.completeness.set(labels, ratio);
  }

  records(table: string, operation: Operation, n: number): void {
    this.#m.records.inc({ ...this.#labels, table, operation }, n);
  }

  attribution(actors: Readonly<Record<ActorKind, number>>, missing: Readonly<Record<string, number>>): void {
    for (const kind of this.#actorKinds) this.#m.actors.inc({ ...this.#labels, kind }, actors[kind]);
    for (const [field, n] of Object.entries(missing)) this.#m.attributionMissing.inc({ ...this.#labels, field }, n);
  }

  times(violations: Readonly<Record<(typeof timeKinds)[number], number>>): void {
    for (const kind of timeKinds) this.#m.timeViolations.inc({ ...this.#labels, kind }, violations[kind]);
  }

  clockOffset(seconds: number): void {
    this.#m.clockOffset.set(this.#labels, seconds);
  }

  identityBreak(kind: (typeof identityKinds)[number], by = 1): void {
    this.#m.identityBreaks.inc({ ...this.#labels, kind }, by);
  }

  writeLag(seconds: number, n: number): void {
    for (let i = 0; i < n; i += 1) this.#m.writeLag.observe(this.#labels, seconds);
  }

  watermarkLag(seconds: number): void {
    this.#m.watermarkLag.set(this.#labels, seconds);
  }

  retention(
    oldestSeconds: number | undefined,
    violations: Readonly<Record<(typeof retentionKinds)[number], number>>,
  ): void {
    if (oldestSeconds === undefined) this.#m.retentionOldest.remove(this.#labels);
    else this.#m.retentionOldest.set(this.#labels, oldestSeconds);
    for (const kind of retentionKinds) this.#m.retentionViolations.set({ ...this.#labels, kind }, violations[kind]);
  }

  exposure(counts: Readonly<Record<(typeof exposureKinds)[number], number>>): void {
    for (const exposure of exposureKinds) this.#m.bypassRoles.set({ ...this.#labels, exposure }, counts[exposure]);
  }

  readers(counts: Readonly<Record<(typeof readerKinds)[number], number>>): void {
    for (const reading of readerKinds) this.#m.readers.set({ ...this.#labels, reading }, counts[reading]);
  }

  exported(records: number): void {
    this.#m.exported.inc(this.#labels, records);
  }

  readable(unreadable: Readonly<Record<(typeof recordParts)[number], number>>, endedAt: number): void {
    for (const part of recordParts) this.#m.unreadable.set({ ...this.#labels, part }, unreadable[part]);
    this.#m.readableTime.set(this.#labels, endedAt / 1000);
  }

  /** Removes the series when the value is not known. */
  witnessed(table: string, operation: Operation, mismatch: number | undefined): void {
    const labels = { ...this.#labels, table, operation };
    if (mismatch === undefined) this.#m.witnessResidual.remove(labels);
    else this.#m.witnessResidual.set(labels, mismatch);
  }

  /** Undefined when it was not seen. */
  witnessRetains(retained: { readonly bytes: number; readonly limitBytes: number } | undefined): void {
    if (retained === undefined) {
      this.#m.witnessRetained.remove(this.#labels);
      this.#m.witnessRetainedLimit.remove(this.#labels);
      return;
    }
    this.#m.witnessRetained.set(this.#labels, retained.bytes);
    this.#m.witnessRetainedLimit.set(this.#labels, retained.limitBytes);
  }

  witnessSilent(): void {
    this.#m.witnessResidual.remove(this.#labels);
  }

  compared({ name, strength }: Comparison, findings: number | undefined): void {
    const labels = { ...this.#labels, comparison: name, strength };
    if (findings === undefined) this.#m.comparisonFindings.remove(labels);
    else this.#m.comparisonFindings.set(labels, findings);
  }

  unlogged(n: number): void {
    this.#m.unlogged.set(this.#labels, n);
  }

  evidence(source: EvidenceSource, state: EvidenceState): void {
    for (const each of evidenceStates)
      this.#m.evidenceState.set({ ...this.#labels, source, state: each }, each === state ? 1 : 0);
  }

  checked(check: CheckName, atMs: number, tookMs: number): void {
    this.#m.lastCheck.set({ ...this.#labels, check }, atMs / 1000);
    this.#m.checkDuration.set({ ...this.#labels, check }, tookMs / 1000);
  }

  /**
   * Removes the series of measured values, because they may have changed; `lastCheck` says since when. Counters, states of
   * tables, and the progress and end of full scans stay.
   */
  lost(): void {
    this.mismatches(undefined);
    for (const handle of [
      this.#m.clockOffset,
      this.#m.watermarkLag,
      this.#m.bypassRoles,
      this.#m.readers,
      this.#m.unlogged,
      this.#m.completeness,
      this.#m.tablesInScope,
      this.#m.tablesCovered,
      this.#m.coverage,
      this.#m.triggerEffective,
      this.#m.replayMismatches,
      this.#m.retentionOldest,
      this.#m.retentionViolations,
      this.#m.unreadable,
      this.#m.comparisonFindings,
    ])
      handle.remove(this.#labels);
  }
}
