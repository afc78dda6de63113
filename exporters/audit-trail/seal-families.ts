import { auditMetrics } from '../../pack/audit-trail/metrics.js';
import type { AuditTrail } from '../../pack/audit-trail/model.js';
import { verificationKinds } from '../../pack/sealing/model.js';
import { type Family, family } from '../runtime/metrics/index.js';
import type { SealStatus } from './seal/index.js';

export interface SealedTrailStatus {
  readonly trail: AuditTrail;
  readonly status: SealStatus;
}

/** The metrics of all sealers. They are made for each page, because sealers keep their own counts. */
export function sealFamilies(trails: readonly SealedTrailStatus[]): Family[] {
  const m = auditMetrics;
  const each = <T>(value: (status: SealStatus) => T | undefined) =>
    trails.flatMap(({ trail, status }) => {
      const found = value(status);
      return found === undefined ? [] : [[{ portal: trail.portal, trail: trail.name }, found] as const];
    });
  const seconds = (date: Date | undefined) => (date === undefined ? 0 : date.getTime() / 1000);
  return [
    family(
      m.sealLag,
      each((status) => status.sealLagSeconds),
    ),
    family(
      m.sealInterval,
      trails.flatMap(({ trail: { portal, name, seal } }) =>
        seal === undefined ? [] : [[{ portal, trail: name }, seal.intervalMs / 1000] as const],
      ),
    ),
    family(
      m.checkpointSize,
      each((status) => status.checkpoint?.size ?? 0),
    ),
    family(
      m.checkpointTime,
      each((status) => seconds(status.checkpoint?.at)),
    ),
    family(
      m.anchorTime,
      trails.flatMap(({ trail, status }) =>
        (trail.seal?.anchors ?? []).map(({ name }) => {
          const anchor = status.anchors.find((item) => item.name === name);
          return [{ portal: trail.portal, trail: trail.name, anchor: name }, seconds(anchor?.reachedAt)] as const;
        }),
      ),
    ),
    family(
      m.verificationFailures,
      trails.flatMap(({ trail, status }) =>
        verificationKinds.map(
          (kind) => [{ portal: trail.portal, trail: trail.name, kind }, status.failures[kind]] as const,
        ),
      ),
    ),
    family(
      m.verified,
      each((status) => status.verification?.verifiedRatio),
    ),
    family(
      m.oldestVerification,
      each((status) =>
        status.verification?.oldestAt === undefined ? undefined : seconds(status.verification.oldestAt),
      ),
    ),
    family(
      m.fullScanPeriod,
      wholePasses(trails, (status) => status.verification?.wholePassSeconds),
    ),
    family(
      m.disposed,
      each((status) => status.disposedRecords),
    ),
  ];
}

/** The same metric has the observer's full scan under another label; the page shows them as one family. */
function wholePasses(trails: readonly SealedTrailStatus[], seconds: (status: SealStatus) => number | undefined) {
  return trails.flatMap(({ trail, status }) => {
    const found = seconds(status);
    return found === undefined ? [] : [[{ portal: trail.portal, trail: trail.name, sweep: 'verify' }, found] as const];
  });
}
