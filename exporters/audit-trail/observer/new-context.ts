import type { AuditTrail } from '../../../pack/index.js';
import type { Logger, Redactor } from '../../runtime/log.js';
import { openDatabase } from '../database/open.js';
import type { TrailMetrics } from '../metrics.js';
import { LoadBudget } from './budget.js';
import { defaultOptions, type ObserverOptions, type TrailContext } from './context.js';
import { EvidenceBook, notConfigured } from './evidence.js';
import { Settling } from './invariants.js';
import { newMemory } from './memory.js';
import { Turns } from './turns.js';

export interface ContextDeps {
  readonly log: Logger;
  readonly redactor?: Redactor;
  readonly metrics: TrailMetrics;
  readonly options?: Partial<ObserverOptions>;
}

/** A trail of which nothing is known yet. */
export function newContext(trail: AuditTrail, deps: ContextDeps): TrailContext {
  const options = { ...defaultOptions, ...deps.options };
  const log = deps.log.child({ trail: trail.name });
  const access = { log, ...(deps.redactor === undefined ? {} : { redactor: deps.redactor }) };
  const database = openDatabase(trail.database, access);
  const evidence = new EvidenceBook();
  for (const source of ['seal', 'witness'] as const) {
    if (trail[source] === undefined) evidence.unknown(source, notConfigured);
  }
  return {
    trail,
    database,
    heavy: trail.replica === undefined ? database : openDatabase(trail.replica, access),
    metrics: deps.metrics,
    evidence,
    log,
    options,
    settling: new Settling(options.settleMs),
    turns: new Turns(),
    budget: new LoadBudget(trail.observe.maxLoad),
    memory: newMemory(trail.name),
    declarations: [],
    disposals: [],
    seen: undefined,
    sql: undefined,
    recordsTrouble: undefined,
    replayTrouble: undefined,
    sweepTroubles: new Map(),
    readingTrouble: undefined,
    unlisted: undefined,
    identityTrouble: undefined,
    lost: undefined,
    saidLost: undefined,
    residuals: {},
    shapeReadAt: 0,
    stall: undefined,
    openSeconds: 0,
    obstacles: new Map(),
    compared: new Map(),
    exposure: undefined,
    retention: undefined,
  };
}
