import type { AuditTrail } from '../../pack/audit-trail/model.js';
import { type Pack, SecretText } from '../../pack/index.js';
import { type Collector, noData } from '../runtime/collector.js';
import type { Exporter, ExporterDeps, ExporterFactory } from '../runtime/exporter.js';
import { earlierState } from './earlier-state.js';
import { statusOf } from './inspect/status.js';
import { AuditMetrics } from './metrics.js';
import { adoptingStore } from './observer/adopting.js';
import { disposalsIn } from './observer/checks/disposals.js';
import { MemoryDirectory } from './observer/memory.js';
import { Observer } from './observer/observer.js';
import { Repeating } from './observer/schedule/repeating.js';
import type { Evidence } from './observer/verdict/evidence.js';
import { OrphanWatch } from './orphan-watch.js';
import { createSealer, type Sealer } from './seal/index.js';
import { sealFamilies } from './seal-families.js';
import { sections } from './sections.js';
import { createWitness } from './witness/index.js';

export {
  DatabaseNotSeen,
  type ExplainOptions,
  type Explanation,
  explain,
  NotInScope,
} from './inspect/explain.js';
export { status, type TableStatus, type TrailStatus } from './inspect/status.js';
export type { VisitOptions } from './inspect/visit.js';
export { memoryFile } from './observer/memory.js';
export { type OrphanedState, orphanedStates, withFaults } from './observer/orphans.js';
export { type Declaration, declare } from './observer/verdict/declarations.js';
export { orphanFix, orphanText } from './orphan-watch.js';

/** Name of the exporter, and of its folder in the state directory. */
export const AUDIT_TRAIL = 'audit-trail';

/** Exact checks compare whole tables. Their deadline is about their interval, and never shorter than this. */
const SHORTEST_DEADLINE_MS = 30_000;
const WARM_UP_AT_MOST_MS = 30_000;

/** Watches audit trails. Wiring only: what is checked, and how, is in `observer/`. */
export const createAuditTrailExporter: ExporterFactory = (deps) => {
  const metrics = new AuditMetrics(deps.store);
  const watches = new Map<string, Watch>();
  const orphans = new OrphanWatch(deps.state.folder(AUDIT_TRAIL).path, deps.log);
  /** All that the description names, whichever shard watches them. */
  let described: ReadonlySet<string> = new Set();
  let isStarted = false;
  let startedAt = 0;

  const seals: Collector = {
    name: 'audit-trail-seals',
    collect() {
      const sealed = [...watches.values()].flatMap(({ trail, sealer }) =>
        sealer === undefined ? [] : [{ trail, status: sealer.status() }],
      );
      return sealed.length === 0 ? noData('no trail is sealed') : sealFamilies(sealed);
    },
  };

  const withoutTrail: Collector = {
    name: 'audit-trail-orphans',
    collect() {
      // A renamed trail takes its earlier state over at its first poll.
      const isWaiting = [...watches.values()].some(({ hasChecked }) => !hasChecked);
      return isWaiting || !isStarted ? noData('not every trail was checked yet') : orphans.families(described);
    },
  };

  const exporter: Exporter = {
    name: AUDIT_TRAIL,
    domain: 'Audit trails',
    collectors: [seals, withoutTrail],
    async configure(pack: Pack) {
      const next = new Map(
        pack.auditTrails.filter(({ name }) => deps.shard.owns(name)).map((trail) => [trail.name, trail]),
      );
      described = new Set(pack.auditTrails.map(({ name }) => name));
      orphans.forget();
      if (next.size > 0) await deps.state.folder(AUDIT_TRAIL).use();
      for (const [name, watch] of watches) {
        const trail = next.get(name);
        if (trail !== undefined && isSame(trail, watch.trail)) continue;
        watches.delete(name);
        await watch.stop();
        metrics.forget(watch.trail.portal, name);
      }
      for (const [name, trail] of next) {
        if (watches.has(name)) continue;
        await tellOfEarlierState(name, deps);
        const watch = new Watch(trail, deps, metrics, () => described);
        watches.set(name, watch);
        if (isStarted) watch.start();
      }
    },
    start() {
      isStarted = true;
      startedAt = performance.now();
      for (const watch of watches.values()) watch.start();
      return Promise.resolve();
    },
    ready() {
      const held = [...watches.values()].find(({ sealer }) => sealer?.status().waitingSince !== undefined);
      if (held !== undefined) {
        const [reason = ''] = held.sealer?.status().reasons ?? [];
        return { ready: false, reason: `trail ${held.trail.name} is not sealed here: ${reason}` };
      }
      const waiting = [...watches.values()].filter(({ hasChecked }) => !hasChecked);
      if (waiting.length === 0 || performance.now() - startedAt > WARM_UP_AT_MOST_MS) return { ready: true };
      return { ready: false, reason: `not checked yet: ${waiting.map(({ trail }) => trail.name).join(', ')}` };
    },
    sections: () => [
      ...sections(
        [...watches.values()].map(({ observer, trail, checkedAtMs }) => ({
          status: statusOf(observer.state),
          fastChecks: { atMs: checkedAtMs, intervalMs: trail.observe.intervalMs },
        })),
        Date.now(),
      ),
      ...orphans.sections(),
    ],
    async stop() {
      isStarted = false;
      await Promise.all([...watches.values()].map((watch) => watch.stop()));
      watches.clear();
    },
  };
  return exporter;
};

/** The observer of one trail, and the two intervals at which it runs. */
class Watch {
  readonly trail: AuditTrail;
  readonly observer: Observer;
  readonly sealer: Sealer | undefined;
  readonly #fastChecks: Repeating;
  readonly #exactChecks: Repeating;
  hasChecked = false;
  checkedAtMs: number | undefined;

  constructor(trail: AuditTrail, deps: ExporterDeps, metrics: AuditMetrics, described: () => ReadonlySet<string>) {
    this.trail = trail;
    const { log, redactor } = deps;
    const folder = deps.state.folder(AUDIT_TRAIL);
    const sealer = createSealer(trail, { log, onSecret: (secret) => redactor.add(secret) });
    this.sealer = sealer;
    this.observer = new Observer(trail, {
      log,
      redactor,
      metrics: metrics.trail(trail),
      memory: adoptingStore(new MemoryDirectory(folder, log), folder, described),
      declarations: folder.path,
      ...disposalsIn(trail),
      ...(trail.witness === undefined ? {} : { witness: createWitness(trail.witness, { log, redactor }) }),
      ...(sealer === undefined ? {} : { seal: () => sealEvidence(sealer) }),
    });
    const { intervalMs, confirmIntervalMs } = trail.observe;
    this.#fastChecks = new Repeating(
      `${trail.name} fast checks`,
      intervalMs,
      Math.max(intervalMs, 10_000),
      async (signal) => {
        const wasSuspect = this.observer.hasSuspicion;
        await this.observer.runFastChecks(signal);
        this.hasChecked = true;
        this.checkedAtMs = Date.now();
        // What is newly suspected is checked now, without waiting for the interval.
        if (!wasSuspect && this.observer.hasSuspicion) this.#exactChecks.hasten();
      },
    );
    this.#exactChecks = new Repeating(
      `${trail.name} exact checks`,
      confirmIntervalMs,
      Math.max(confirmIntervalMs, SHORTEST_DEADLINE_MS),
      (signal) => this.observer.runExactChecks(signal),
    );
  }

  start(): void {
    this.sealer?.start();
    this.#fastChecks.start();
    this.#exactChecks.start();
  }

  async stop(): Promise<void> {
    this.observer.retire();
    await Promise.all([this.#fastChecks.stop(), this.#exactChecks.stop(), this.sealer?.stop()]);
    await this.observer.close();
  }
}

async function tellOfEarlierState(trail: string, { state, log }: ExporterDeps): Promise<void> {
  const { path: folder } = state.folder(AUDIT_TRAIL);
  const earlier = await earlierState(trail, { folder, stateDirectory: state.place.directory, cwd: process.cwd() });
  if (earlier === undefined) return;
  log.warn(
    'state of an earlier version is not used, and the trail starts again: all is unknown until it is proven again',
    {
      trail,
      found: earlier.found,
      directory: folder,
      fix: `stop the exporter, run ${earlier.command} and start it again`,
    },
  );
}

function sealEvidence(sealer: Sealer): Evidence {
  const { evidence, reasons } = sealer.status();
  return { state: evidence, reason: reasons.length === 0 ? 'sealed up to date' : reasons.join('; '), fixes: [] };
}

function isSame(a: AuditTrail, b: AuditTrail): boolean {
  return JSON.stringify(comparable(a)) === JSON.stringify(comparable(b));
}

/** All secrets print alike, so they are compared by what they refer to. */
function comparable(value: unknown): unknown {
  if (value instanceof SecretText) return value.parts;
  if (Array.isArray(value)) return value.map(comparable);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, comparable(inner)]));
}
