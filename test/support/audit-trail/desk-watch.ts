import { setTimeout as sleep } from 'node:timers/promises';
import { AUDIT_TRAIL } from '../../../exporters/audit-trail/index.js';
import { AuditMetrics } from '../../../exporters/audit-trail/metrics.js';
import { disposalsIn } from '../../../exporters/audit-trail/observer/checks/disposals.js';
import { MemoryDirectory } from '../../../exporters/audit-trail/observer/memory.js';
import { Observer } from '../../../exporters/audit-trail/observer/observer.js';
import { silentLogger } from '../../../exporters/runtime/log.js';
import { MetricStore } from '../../../exporters/runtime/metrics/index.js';
import { looseFolder } from '../../../exporters/runtime/state/index.js';
import type { Desk } from './cli-lab.js';

/** Sessions of the tests end after each statement, and report their counts then; in earnest this is 11 s. */
const SETTLE_MS = 300;
const LOOK_EVERY_MS = 150;

/** A running exporter's observer at a desk; what it keeps is where `kop audit status` looks for it. */
export class DeskWatch {
  readonly observer: Observer;

  constructor(desk: Desk) {
    this.observer = new Observer(desk.trail(), {
      log: silentLogger,
      metrics: new AuditMetrics(new MetricStore()).trail(desk.trail()),
      memory: new MemoryDirectory(looseFolder(desk.path('state', AUDIT_TRAIL)), silentLogger),
      declarations: desk.path('state', AUDIT_TRAIL),
      ...disposalsIn(desk.trail()),
      options: { settleMs: SETTLE_MS, shapeEveryMs: 0 },
    });
  }

  get states(): Readonly<Record<string, string>> {
    const { tables } = this.observer.state.memory;
    return Object.fromEntries(Object.entries(tables).map(([label, { state }]) => [label, state?.state ?? 'unknown']));
  }

  get isProven(): boolean {
    const states = Object.values(this.states);
    return states.length > 0 && states.every((state) => state === 'ok') && !this.observer.hasSuspicion;
  }

  /** One round of both paces. */
  async look(): Promise<void> {
    const signal = AbortSignal.timeout(20_000);
    await this.observer.runFastChecks(signal);
    await this.observer.runExactChecks(signal);
  }

  /** @throws when it does not come to hold. */
  async until(holds: () => boolean, withinMs = 40_000): Promise<void> {
    const deadline = performance.now() + withinMs;
    do {
      await this.look();
      if (holds()) return;
      await sleep(LOOK_EVERY_MS);
    } while (performance.now() < deadline);
    const tables = Object.entries(this.observer.state.memory.tables);
    throw new Error(tables.map(([label, { state }]) => `${label} ${state?.state}: ${state?.reason}`).join('\n'));
  }

  close(): Promise<void> {
    return this.observer.close();
  }
}
