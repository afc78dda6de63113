import type { AuditTrail } from '../../../pack/index.js';
import type { Logger, Redactor } from '../../runtime/log.js';
import { openDatabase } from '../database/open.js';
import type { TrailMetrics } from '../metrics.js';
import { defaultOptions, type LoopState, type ObserverOptions } from './loop-state.js';
import { newMemory } from './memory.js';
import { LoadBudget } from './schedule/budget.js';
import { Turns } from './schedule/turns.js';
import { EvidenceBook, notConfigured } from './verdict/evidence.js';

export interface LoopDeps {
  readonly log: Logger;
  readonly redactor?: Redactor;
  readonly metrics: TrailMetrics;
  readonly options?: Partial<ObserverOptions>;
}

/** A trail of which nothing is known yet. */
export function newLoopState(trail: AuditTrail, deps: LoopDeps): LoopState {
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
    turns: new Turns(),
    budget: new LoadBudget(trail.observe.maxLoad),
    memory: newMemory(trail.name),
    declarations: [],
    disposals: [],
    seen: undefined,
    sql: undefined,
    whyNoRecords: undefined,
    lost: undefined,
    saidLost: undefined,
    shapeReadAt: 0,
    obstacles: new Map(),
    errors: new Map(),
    isRetired: false,
  };
}
