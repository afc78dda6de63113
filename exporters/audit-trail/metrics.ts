import type { AuditTrail } from '../../pack/audit-trail/model.js';
import type { MetricStore } from '../runtime/metrics/index.js';
import { type AuditFamilies, auditFamilies } from './metric-families.js';
import { TrailMetrics } from './trail-metrics.js';

/** The families of all trails; one handle each, made once per process. */
export class AuditMetrics {
  readonly m: AuditFamilies;
  readonly #trails = new Map<string, TrailMetrics>();

  constructor(store: MetricStore) {
    this.m = auditFamilies(store);
  }

  /** Shows every series that does not depend on tables at once, at 0 or unknown. */
  trail(trail: AuditTrail): TrailMetrics {
    this.forget(trail.portal, trail.name);
    const metrics = new TrailMetrics(this.m, trail);
    this.#trails.set(trail.name, metrics);
    return metrics;
  }

  forget(portal: string, trail: string): void {
    if (!this.#trails.delete(trail)) return;
    for (const handle of Object.values(this.m)) handle.remove({ portal, trail });
  }
}
