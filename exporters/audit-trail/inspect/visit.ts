import type { AuditTrail } from '../../../pack/audit-trail/model.js';
import { type Logger, type Redactor, silentLogger } from '../../runtime/log.js';
import { MetricStore } from '../../runtime/metrics/index.js';
import { looseFolder } from '../../runtime/state/index.js';
import { AuditMetrics } from '../metrics.js';
import { disposalsIn } from '../observer/checks/disposals.js';
import { MemoryDirectory, readOnly } from '../observer/memory.js';
import { Observer } from '../observer/observer.js';

export interface VisitOptions {
  /** Of the audit-trail exporter, below the state directory. What it proved is read there, and nothing is written. */
  readonly stateDirectory: string;
  readonly signal: AbortSignal;
  readonly log?: Logger;
  readonly redactor?: Redactor;
}

/** Runs `work` with an observer that reads the running observer's state and writes nothing. */
export async function withObserver<T>(
  trail: AuditTrail,
  options: VisitOptions,
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
    // One poll cannot tell a passing difference from a lasting one; the running observer's judgement is shown.
    options: { settleMs: 11_000 },
    isVisitor: true,
  });
  try {
    return await work(observer);
  } finally {
    await observer.close();
  }
}
