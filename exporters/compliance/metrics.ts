import { evaluationFailures, complianceMetrics as m } from '../../pack/compliance/metrics.js';
import {
  type ComplianceBoard,
  type Control,
  type ControlCheck,
  complianceAreas,
  controlStatuses,
} from '../../pack/compliance/model/index.js';
import type { Family, MetricStore } from '../runtime/metrics/index.js';
import type { DatedView } from './evaluation/board-watch.js';
import type { ControlResult } from './evaluation/evaluate.js';
import { limitsOf } from './evaluation/evaluation-document.js';
import { checkedBy } from './obligations/checked-by.js';
import { dayAfter, dayFromIso, startOfDay } from './obligations/deadlines/day.js';
import { completionOutcomes, obligationBuckets } from './obligations/summary.js';
import type { ObligationWatch } from './obligations/watch.js';
import { summarise } from './status/roll-up.js';

export interface BoardFacts {
  readonly timeZone: string;
  readonly views: readonly DatedView[];
  readonly obligations: readonly ObligationWatch[];
  /** Undefined before the first question, and where the board names none. */
  readonly isPrometheusUp: boolean | undefined;
  /** By name; none that is not connected, or was not asked yet. */
  readonly databasesUp: ReadonlyMap<string, boolean>;
  readonly isEvidenceKept: boolean;
  readonly sealedAt: Date | undefined;
  /** Undefined before the first examination. */
  readonly examination: { readonly accuracy: number; readonly at: Date } | undefined;
}

/** The metrics of one board. Gauges are made anew at each scrape, so that evidence ages and waivers end between two evaluations. */
export class BoardMetrics {
  readonly #store: MetricStore;
  readonly #board: ComplianceBoard;
  readonly #checkedBy: ReturnType<typeof checkedBy>;
  readonly #counters: ReturnType<typeof countersOf>;
  readonly #gauges: ReturnType<typeof gaugesOf>;
  /** What the counters of completed cases hold, by obligation and outcome. */
  readonly #counted = new Map<string, number>();

  constructor(board: ComplianceBoard, store: MetricStore) {
    this.#board = board;
    this.#checkedBy = checkedBy(board.controls);
    this.#store = store;
    this.#gauges = gaugesOf(store);
    this.#counters = countersOf(store);
    const { portal } = board;
    for (const { id } of board.controls) {
      for (const reason of evaluationFailures) this.#counters.failures.zero({ portal, control: id, reason });
    }
    for (const { name } of board.obligations) {
      for (const outcome of completionOutcomes) this.#counters.completed.zero({ portal, obligation: name, outcome });
    }
  }

  evaluated({ id }: Control, { findings, broken }: ControlResult): void {
    const labels = { portal: this.#board.portal, control: id };
    const isUnknown = [...findings.values()].some(({ outcome }) => outcome === 'unknown');
    if (broken.length > 0) this.#counters.failures.inc({ ...labels, reason: 'broken' }, 1);
    else if (isUnknown) this.#counters.failures.inc({ ...labels, reason: 'unknown' }, 1);
  }

  families(facts: BoardFacts): Family[] {
    for (const gauge of Object.values(this.#gauges)) gauge.remove({});
    const { name: board, title, team, portal, catalogues, waivers, changes, evidence } = this.#board;
    this.#gauges.board.set({ portal, board, title, team }, 1);
    for (const view of facts.views) this.#control(view, facts.timeZone);
    for (const area of complianceAreas) this.#area(area, facts.views);
    for (const waiver of waivers) {
      const ends = startsAt(dayAfter(dayFromIso(waiver.expiresOn)), facts.timeZone);
      this.#gauges.waiverExpiry.set({ portal, control: waiver.control, waiver: waiver.id }, ends);
    }
    for (const { name, version, sha256 } of catalogues) {
      this.#gauges.catalogue.set({ portal, catalogue: name, version, sha256 }, 1);
    }
    for (const { id, impact, status, effectiveOn, controls } of changes) {
      const at = effectiveOn === undefined ? 0 : startsAt(dayFromIso(effectiveOn), facts.timeZone);
      this.#gauges.changeEffective.set({ portal, change: id, impact, status }, at);
      for (const control of controls) this.#gauges.changeControl.set({ portal, change: id, control }, 1);
    }
    for (const watch of facts.obligations) this.#obligation(watch);
    if (facts.isPrometheusUp !== undefined) this.#gauges.prometheusUp.set({ portal }, facts.isPrometheusUp ? 1 : 0);
    for (const [database, isUp] of facts.databasesUp) this.#gauges.databaseUp.set({ portal, database }, isUp ? 1 : 0);
    this.#gauges.evidenceKept.set({ portal }, facts.isEvidenceKept ? 1 : 0);
    this.#gauges.sealConfigured.set({ portal }, evidence.seal === undefined ? 0 : 1);
    if (facts.sealedAt !== undefined) this.#gauges.evidenceSealed.set({ portal }, facts.sealedAt.getTime() / 1000);
    const { examination } = facts;
    this.#gauges.examined.set({ portal }, examination === undefined ? 0 : examination.at.getTime() / 1000);
    if (examination !== undefined) this.#gauges.accuracy.set({ portal }, examination.accuracy);
    return this.#store.families();
  }

  #control(view: DatedView, timeZone: string): void {
    const { control, status, raw, since, isReady, evidenceAt, evaluatedAt, findings } = view;
    const { portal } = this.#board;
    const { id, area, severity, owner, title, effective, evidenceMaxAgeSeconds, references, checks } = control;
    const labels = { portal, control: id };
    for (const each of controlStatuses) {
      this.#gauges.status.set({ ...labels, area, status: each }, each === status ? 1 : 0);
      if (each !== 'waived') this.#gauges.rawStatus.set({ ...labels, area, status: each }, each === raw ? 1 : 0);
    }
    this.#gauges.statusSince.set(labels, since.getTime() / 1000);
    this.#gauges.info.set({ ...labels, area, severity, owner, title }, 1);
    if (effective.from !== undefined) {
      this.#gauges.effectiveFrom.set(labels, startsAt(dayFromIso(effective.from), timeZone));
    }
    if (isReady !== undefined) this.#gauges.comingReady.set(labels, isReady ? 1 : 0);
    for (const { framework, ref, confidence } of references) {
      this.#gauges.mapping.set({ ...labels, framework, ref, confidence }, 1);
    }
    this.#gauges.evidenceMaxAge.set(labels, evidenceMaxAgeSeconds);
    this.#gauges.evaluated.set(labels, evaluatedAt === undefined ? 0 : evaluatedAt.getTime() / 1000);
    if (evidenceAt !== undefined) this.#gauges.evidenceTime.set(labels, evidenceAt.getTime() / 1000);
    for (const check of checks) this.#check(check, labels, findings.get(check.name)?.seen?.value);
  }

  #check(check: ControlCheck, labels: { portal: string; control: string }, value: string | undefined): void {
    const { limit } = limitsOf(check);
    if (limit !== undefined) this.#gauges.threshold.set({ ...labels, check: check.name }, Number(limit));
    if (value !== undefined) this.#gauges.value.set({ ...labels, check: check.name }, Number(value));
  }

  #area(area: (typeof complianceAreas)[number], views: readonly DatedView[]): void {
    const { portal } = this.#board;
    const own = views.filter(({ control }) => control.area === area);
    if (own.length === 0) return;
    const { counts, score } = summarise(
      own.map(({ control, status, raw }) => ({
        area,
        severity: control.severity,
        status,
        hasFreshEvidence: raw !== 'unknown',
      })),
    );
    for (const status of controlStatuses) this.#gauges.areaControls.set({ portal, area, status }, counts[status]);
    if (score !== undefined) this.#gauges.areaScore.set({ portal, area }, score);
  }

  #obligation({ obligation, last }: ObligationWatch): void {
    const labels = { portal: this.#board.portal, obligation: obligation.name };
    // Empty where no control checks it.
    for (const control of this.#checkedBy.get(obligation.name) ?? ['']) {
      this.#gauges.obligation.set({ ...labels, title: obligation.title, control }, 1);
    }
    if (last === undefined) return;
    this.#gauges.registerReadable.set(labels, last.isReadable ? 1 : 0);
    for (const outcome of completionOutcomes) {
      const key = `${obligation.name} ${outcome}`;
      const total = last.completed[outcome];
      this.#counters.completed.inc({ ...labels, outcome }, Math.max(0, total - (this.#counted.get(key) ?? 0)));
      this.#counted.set(key, total);
    }
    if (last.summary === undefined) return;
    for (const bucket of obligationBuckets) {
      this.#gauges.obligationsOpen.set({ ...labels, bucket }, last.summary.open[bucket]);
    }
    const { nextDueAt } = last.summary;
    if (nextDueAt !== undefined) this.#gauges.nextDeadline.set(labels, nextDueAt.getTime() / 1000);
  }
}

function countersOf(store: MetricStore) {
  return { failures: store.counter(m.failures), completed: store.counter(m.obligationsCompleted) };
}

function gaugesOf(store: MetricStore) {
  return {
    board: store.gauge(m.board),
    status: store.gauge(m.status),
    rawStatus: store.gauge(m.rawStatus),
    statusSince: store.gauge(m.statusSince),
    info: store.gauge(m.info),
    effectiveFrom: store.gauge(m.effectiveFrom),
    comingReady: store.gauge(m.comingReady),
    mapping: store.gauge(m.mapping),
    value: store.gauge(m.value),
    threshold: store.gauge(m.threshold),
    evidenceTime: store.gauge(m.evidenceTime),
    evidenceMaxAge: store.gauge(m.evidenceMaxAge),
    evaluated: store.gauge(m.evaluated),
    areaScore: store.gauge(m.areaScore),
    areaControls: store.gauge(m.areaControls),
    waiverExpiry: store.gauge(m.waiverExpiry),
    obligation: store.gauge(m.obligation),
    obligationsOpen: store.gauge(m.obligationsOpen),
    registerReadable: store.gauge(m.registerReadable),
    nextDeadline: store.gauge(m.nextDeadline),
    catalogue: store.gauge(m.catalogue),
    changeEffective: store.gauge(m.changeEffective),
    changeControl: store.gauge(m.changeControl),
    prometheusUp: store.gauge(m.prometheusUp),
    databaseUp: store.gauge(m.databaseUp),
    evidenceKept: store.gauge(m.evidenceKept),
    sealConfigured: store.gauge(m.sealConfigured),
    evidenceSealed: store.gauge(m.evidenceSealed),
    accuracy: store.gauge(m.accuracy),
    examined: store.gauge(m.examined),
  };
}

function startsAt(day: Parameters<typeof startOfDay>[0], timeZone: string): number {
  return startOfDay(day, timeZone).getTime() / 1000;
}
