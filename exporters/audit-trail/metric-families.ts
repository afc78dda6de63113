import { auditMetrics } from '../../pack/audit-trail/metrics.js';
import type { MetricStore } from '../runtime/metrics/index.js';

/** One handle for each family, made once per process. */
export function auditFamilies(store: MetricStore) {
  const m = auditMetrics;
  return {
    info: store.gauge(m.info),
    tablesInScope: store.gauge(m.tablesInScope),
    tablesCovered: store.gauge(m.tablesCovered),
    coverage: store.gauge(m.coverage),
    triggerEffective: store.gauge(m.triggerEffective),
    fingerprintChanges: store.counter(m.fingerprintChanges),
    counterResidual: store.gauge(m.counterMismatch),
    unaccounted: store.gauge(m.unaccounted),
    unaccountedTotal: store.counter(m.unaccountedTotal),
    epochChanges: store.counter(m.epochChanges),
    tableState: store.gauge(m.tableState),
    missing: store.counter(m.missing),
    unexplained: store.counter(m.unexplained),
    continuityBreaks: store.counter(m.continuityBreaks),
    replayMismatches: store.gauge(m.replayMismatches),
    replayProgress: store.gauge(m.replayProgress),
    replaySwept: store.gauge(m.replayEnd),
    completeness: store.gauge(m.completeness),
    attributionMissing: store.counter(m.attributionMissing),
    actors: store.counter(m.actors),
    timeViolations: store.counter(m.timeViolations),
    clockOffset: store.gauge(m.clockOffset),
    clockSkewLimit: store.gauge(m.clockSkewLimit),
    identityBreaks: store.counter(m.identityBreaks),
    writeLag: store.histogram(m.writeLag),
    watermarkLag: store.gauge(m.watermarkLag),
    records: store.counter(m.records),
    retentionOldest: store.gauge(m.retentionOldest),
    retentionViolations: store.gauge(m.retentionViolations),
    bypassRoles: store.gauge(m.bypassRoles),
    readers: store.gauge(m.readers),
    exported: store.counter(m.exported),
    unreadable: store.gauge(m.unreadable),
    readableTime: store.gauge(m.readableTime),
    unlogged: store.gauge(m.unlogged),
    witnessResidual: store.gauge(m.witnessMismatch),
    witnessRetained: store.gauge(m.witnessRetained),
    witnessRetainedLimit: store.gauge(m.witnessRetainedLimit),
    comparisonFindings: store.gauge(m.comparisonFindings),
    evidenceState: store.gauge(m.evidenceState),
    lookInterval: store.gauge(m.pollInterval),
    confirmInterval: store.gauge(m.confirmInterval),
    lastCheck: store.gauge(m.lastCheck),
    checkDuration: store.gauge(m.checkDuration),
    sweepPeriod: store.gauge(m.fullScanPeriod),
  };
}

export type AuditFamilies = ReturnType<typeof auditFamilies>;
