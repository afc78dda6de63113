import { setTimeout as sleep } from 'node:timers/promises';
import type { ComplianceBoard } from '../../pack/compliance/model/index.js';
import type { Pack } from '../../pack/index.js';
import type { ExporterDeps } from '../runtime/exporter.js';
import type { LandingSection } from '../runtime/landing/section.js';
import type { Family } from '../runtime/metrics/index.js';
import type { StateFolder } from '../runtime/state/index.js';
import type { ControlDetail } from './api/schemas.js';
import { detailOf } from './detail.js';
import { BoardWatch } from './evaluation/board-watch.js';
import { EvidenceKeeper } from './evidence/keeper.js';
import { openEvidence } from './evidence/place.js';
import { disposeExpired } from './evidence/retention.js';
import { EvidenceSealer } from './evidence/seal/evidence-sealer.js';
import type { EvidenceStore } from './evidence/store/store.js';
import { BoardMetrics } from './metrics.js';
import { boardSection } from './sections.js';
import { type Examination, examine } from './validation/known-answers.js';

const EXAMINE_EVERY_MS = 300_000;
const REOPEN_MS = 1_000;
const RETAIN_EVERY_MS = 3_600_000;

type BoardExporterDeps = Pick<ExporterDeps, 'log' | 'redactor' | 'store'> & { readonly state: StateFolder };

/** Everything of one board that runs: evaluation, evidence, its seal, and the examination of the evaluator. */
export class BoardExporter {
  readonly board: ComplianceBoard;
  readonly #deps: BoardExporterDeps;
  readonly #watch: BoardWatch;
  readonly #keeper: EvidenceKeeper;
  readonly #metrics: BoardMetrics;
  readonly #stopping = new AbortController();
  #sealer: EvidenceSealer | undefined;
  #examination: Examination | undefined;
  #examiner: NodeJS.Timeout | undefined;
  #retainer: NodeJS.Timeout | undefined;
  #retaining: Promise<void> = Promise.resolve();
  #examining: Promise<void> = Promise.resolve();

  constructor(board: ComplianceBoard, pack: Pick<Pack, 'portals' | 'calendars'>, deps: BoardExporterDeps) {
    this.board = board;
    const { log: all, redactor, state, store } = deps;
    const log = all.child({ board: board.name });
    this.#deps = { ...deps, log };
    this.#metrics = new BoardMetrics(board, store.apart());
    this.#keeper = new EvidenceKeeper(() => openEvidence(board, state.path, redactor), log);
    const portal = pack.portals.find(({ name }) => name === board.portal);
    if (portal === undefined)
      throw new Error(`the board ${board.name} names the portal ${board.portal}, which passed the rules`);
    this.#watch = new BoardWatch({
      board,
      portal,
      calendars: pack.calendars,
      keeper: this.#keeper,
      state,
      log,
      redactor,
      onEvaluated: (control, result) => this.#metrics.evaluated(control, result),
    });
  }

  async start(): Promise<void> {
    await this.#keeper.start();
    await this.#watch.start();
    this.#examineSoon(0);
    this.#retaining = this.#sealWhenOpen();
  }

  async stop(): Promise<void> {
    this.#stopping.abort();
    clearTimeout(this.#examiner);
    clearTimeout(this.#retainer);
    await this.#watch.stop();
    await this.#examining;
    await this.#retaining;
    await this.#sealer?.stop();
    await this.#keeper.stop();
  }

  details(): readonly ControlDetail[] {
    return this.#watch.views().map((view) => detailOf(this.board, view));
  }

  get evidence(): EvidenceStore | undefined {
    return this.#keeper.store;
  }

  /** Why its results cannot be relied on at all. */
  get problem(): string | undefined {
    return this.#keeper.problem;
  }

  get progress(): BoardWatch['progress'] {
    return this.#watch.progress;
  }

  families(): Family[] {
    return this.#metrics.families({
      timeZone: this.#watch.timeZone,
      views: this.#watch.views(),
      obligations: this.#watch.obligations,
      isPrometheusUp: this.#watch.isPrometheusUp,
      databasesUp: this.#watch.databasesUp,
      isEvidenceKept: this.#keeper.problem === undefined,
      sealedAt: this.#sealer?.status().checkpoint?.at,
      examination: this.#examination,
    });
  }

  section(): LandingSection {
    return boardSection(this.board.title, this.details());
  }

  /** A store that cannot be opened now may be opened later; sealing begins then. */
  async #sealWhenOpen(): Promise<void> {
    const { seal, retentionDays } = this.board.evidence;
    const { log, redactor } = this.#deps;
    const { signal } = this.#stopping;
    while (this.#keeper.store === undefined) {
      // Ends at once with the signal: a timer that nobody waits for would let the process end in the middle of its stop.
      await sleep(REOPEN_MS, undefined, { signal }).catch(() => undefined);
      if (signal.aborted) return;
    }
    if (seal === undefined) {
      await this.#retain(this.#keeper.store);
      return;
    }
    const onSecret = (secret: string) => redactor.add(secret);
    this.#sealer = new EvidenceSealer(seal, this.#keeper.store, { log, onSecret, retentionDays });
    this.#sealer.start();
  }

  /** Of evidence that is not sealed; the sealer does it otherwise. */
  async #retain(evidence: EvidenceStore): Promise<void> {
    const { signal } = this.#stopping;
    const { retentionDays } = this.board.evidence;
    try {
      await disposeExpired({ evidence, retentionDays, now: new Date(), signal });
    } catch (error) {
      if (!signal.aborted) this.#deps.log.error('old evidence could not be removed', { error });
    }
    if (signal.aborted) return;
    this.#retainer = setTimeout(() => {
      this.#retaining = this.#retain(evidence);
    }, RETAIN_EVERY_MS);
    this.#retainer.unref();
  }

  #examineSoon(waitMs: number): void {
    this.#examiner = setTimeout(() => {
      this.#examining = this.#examine();
    }, waitMs);
    this.#examiner.unref();
  }

  async #examine(): Promise<void> {
    const { log } = this.#deps;
    const { signal } = this.#stopping;
    try {
      this.#examination = await examine(this.board.controls, this.#watch.databases, signal, new Date());
      for (const what of this.#examination.wrong.slice(0, 10)) log.error('the evaluator gave a wrong answer', { what });
    } catch (error) {
      if (!signal.aborted) log.error('the evaluator could not be examined', { error });
    }
    if (!signal.aborted) this.#examineSoon(EXAMINE_EVERY_MS);
  }
}
