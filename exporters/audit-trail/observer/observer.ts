import { evidenceSources } from '../../../pack/audit-trail/metrics.js';
import type { AuditTrail } from '../../../pack/audit-trail/model.js';
import { describeError } from '../../runtime/log.js';
import { readFacts } from '../database/facts.js';
import type { LawfulDisposal } from '../seal/index.js';
import type { Witness } from '../witness/index.js';
import { directedSums } from './checks/counters/steps.js';
import { witnessCheck } from './checks/witness/witness.js';
import { withSteps } from './earlier-steps.js';
import { checkExactly, type WitnessCheck } from './exact-checks.js';
import { checkFast } from './fast-checks.js';
import { Loop, type LoopDeps } from './loop.js';
import type { LoopState } from './loop-state.js';
import type { MemoryStore } from './memory.js';
import { subjectOf } from './subject.js';
import { declarationId, readDeclarations } from './verdict/declarations.js';
import type { Evidence } from './verdict/evidence.js';
import { judgeTables } from './verdict/judging.js';
import { readBegunFrom } from './verdict/looks.js';
import { resolveSuspicions } from './verdict/resolving.js';

/** Longest that the exact checks go on beginning new windows and pages, as a share of their interval. */
const SOFT_SHARE = 0.7;

export interface ObserverDeps extends LoopDeps {
  readonly memory: MemoryStore;
  /** Where people's declarations are; none without it. */
  readonly declarations?: string;
  /** What signed statements say may lawfully be gone; nothing without it. */
  readonly disposals?: () => Promise<readonly LawfulDisposal[]>;
  /** What the sealer says of itself; asked after each poll. */
  readonly seal?: () => Evidence;
  readonly witness?: Witness;
  /** Checks, but leaves the states of tables as the running observer judged them, and keeps nothing. */
  readonly isVisitor?: boolean;
}

/** Watches one trail. `runFastChecks` and `runExactChecks` may be called at any time; neither ever rejects. */
export class Observer {
  readonly loop: Loop;
  readonly #deps: ObserverDeps;
  #loading: Promise<void> | undefined;
  readonly #witness: WitnessCheck | undefined;
  #disposalError: string | undefined;

  constructor(trail: AuditTrail, deps: ObserverDeps) {
    this.#deps = deps;
    this.loop = new Loop(trail, { ...deps, rereadStatements: () => this.#rereadStatements() });
    this.#witness = deps.witness === undefined ? undefined : witnessCheck(deps.witness);
  }

  /** What is known now. */
  get state(): LoopState {
    return this.loop.state;
  }

  get hasSuspicion(): boolean {
    return Object.values(this.state.memory.tables).some(({ suspicion }) => suspicion !== undefined);
  }

  /** The fast checks: counters, catalogue, storage. */
  async runFastChecks(signal: AbortSignal): Promise<void> {
    const { loop } = this;
    try {
      await this.#load();
    } catch (error) {
      // Nothing is concluded or kept before it is known what was proven.
      const reason = describeError(error);
      if (this.state.lost !== reason) loop.log.error('what was proven before cannot be read yet', { error: reason });
      loop.change((state) => ({ ...state, lost: reason }));
      loop.metrics.lost();
      await this.#finish();
      return;
    }
    await loop.turns.take(() => this.#checkFast(signal));
    await this.#finish();
  }

  /** Exact checks: what is new, whatever is suspect, and the next part of the full scans. */
  async runExactChecks(signal: AbortSignal): Promise<void> {
    const { loop } = this;
    if (this.state.seen === undefined) await this.runFastChecks(signal);
    const { confirmIntervalMs } = this.state.trail.observe;
    const deadline = performance.now() + Math.max(1000, confirmIntervalMs * SOFT_SHARE);
    await checkExactly(loop, this.#witness, { signal, deadline });
    // Records that were read since, such as those of TRUNCATE, belong to the invariants, so counters are polled again.
    if (this.state.lost === undefined && this.hasSuspicion) await this.runFastChecks(signal);
    await loop.turns.take(() => {
      if (this.state.lost === undefined) this.#resolve();
      return Promise.resolve();
    });
    await this.#finish();
  }

  /** The observer ends. Runs that are cancelled from now on say nothing about the trail. */
  retire(): void {
    this.loop.change((state) => ({ ...state, isRetired: true }));
  }

  async close(): Promise<void> {
    const { database, heavy } = this.loop;
    await database.close();
    if (heavy !== database) await heavy.close();
    await this.#deps.witness?.close();
  }

  async #load(): Promise<void> {
    // Fast and exact checks may load it at once; the second must not replace what the first has learned since. After a
    // failure it is loaded again the next time.
    this.#loading ??= this.#remember().catch((error: unknown) => {
      this.#loading = undefined;
      throw error;
    });
    await this.#loading;
    await this.#readDeclarations();
    await this.#readDisposals();
  }

  async #rereadStatements(): Promise<boolean> {
    const { declarations: before, disposals } = this.state;
    await this.#readDeclarations();
    await this.#readDisposals();
    const known = new Set(before.map(declarationId));
    const { state } = this;
    return (
      state.disposals.length > disposals.length || state.declarations.some((each) => !known.has(declarationId(each)))
    );
  }

  async #readDeclarations(): Promise<void> {
    const { loop } = this;
    try {
      if (this.#deps.declarations !== undefined) {
        const declarations = await readDeclarations(this.#deps.declarations, this.state.trail.name);
        loop.change((state) => ({ ...state, declarations }));
      }
    } catch (error) {
      loop.log.error('declarations cannot be read; those of before stay in force', { error });
    }
  }

  async #remember(): Promise<void> {
    const memory = withSteps(await this.#deps.memory.load(this.state.trail.name));
    const { place } = memory.checks.witness;
    if (place !== undefined) this.#deps.witness?.resume(place);
    const isVisitor = this.#deps.isVisitor === true;
    this.loop.change((state) => ({
      ...state,
      memory,
      evidence: isVisitor ? state.evidence.withKept(memory.evidence ?? {}) : state.evidence,
    }));
  }

  /** A trail without a state may have had another name. */
  async #adopt(signal: AbortSignal): Promise<void> {
    const { loop } = this;
    const { trail } = this.state;
    if (this.#deps.memory.adopt === undefined || trail.records === undefined) return;
    const subject = subjectOf(trail, await loop.database.read(signal, readFacts));
    const adopted = subject === undefined ? undefined : await this.#deps.memory.adopt(trail.name, subject);
    if (adopted === undefined) return;
    const { place } = adopted.memory.checks.witness;
    if (place !== undefined) this.#deps.witness?.resume(place);
    loop.change((state) => ({ ...state, memory: withSteps(adopted.memory) }));
    await this.#readDeclarations();
    loop.log.warn('the trail was renamed; it goes on from the state of its earlier name', { from: adopted.from });
  }

  /** Statements that cannot be read explain nothing. A lawful disposal then alarms, which is the safer error. */
  async #readDisposals(): Promise<void> {
    const { loop } = this;
    try {
      const disposals = (await this.#deps.disposals?.()) ?? [];
      loop.change((state) => ({ ...state, disposals }));
      this.#disposalError = undefined;
    } catch (error) {
      const reason = describeError(error);
      if (reason !== this.#disposalError)
        loop.log.error('disposals cannot be read; those of before stay in force', { error });
      this.#disposalError = reason;
    }
  }

  /** All fast checks run in one transaction. When it fails, nothing can be seen. */
  async #checkFast(signal: AbortSignal): Promise<void> {
    const { loop } = this;
    const begunAt = performance.now();
    try {
      loop.change((state) => ({ ...state, lost: undefined }));
      if (this.state.memory.epoch === undefined) await this.#adopt(signal);
      const begunFrom = await loop.database.read(signal, readBegunFrom);
      await loop.database.read(signal, (session) => checkFast(loop, session, begunFrom, signal));
      loop.metrics.checked('tripwires', loop.options.now(), performance.now() - begunAt);
    } catch (error) {
      if (!this.state.isRetired) loop.lose(error);
    }
  }

  #resolve(): void {
    const { loop } = this;
    const { seen, memory: before, trail } = this.state;
    const labels = seen?.tables.map(({ label }) => label) ?? [];
    const declared = loop.declared();
    const isWitnessed = this.#witness !== undefined && this.state.evidence.get('witness').state !== 'unknown';
    const at = { labels, declared, records: trail.records, isWitnessed };
    const { memory, counted, ended } = resolveSuspicions(before, at);
    loop.change((state) => ({ ...state, memory }));
    loop.report(counted);
    for (const { table, as } of ended) loop.log.info('audit trail suspicion resolved', { table, as });
  }

  #finish(): Promise<void> {
    return this.loop.turns.take(() => this.#conclude());
  }

  async #conclude(): Promise<void> {
    const { loop } = this;
    if (this.#deps.isVisitor === true || this.state.isRetired) return;
    const seal = this.#deps.seal?.();
    if (seal !== undefined)
      loop.change(({ evidence, ...state }) => ({ ...state, evidence: evidence.with('seal', seal) }));
    this.#judge();
    const { evidence, lost, memory } = this.state;
    for (const source of evidenceSources) loop.metrics.evidence(source, evidence.get(source).state);
    // A state that was never loaded must not overwrite the saved one.
    if (lost !== undefined && memory.epoch === undefined) return;
    const { unaccounted = [], unaccountedTotal } = memory.checks.counters;
    loop.metrics.unaccounted(directedSums(unaccounted), unaccountedTotal);
    try {
      await this.#deps.memory.save({ ...memory, evidence: evidence.written() });
    } catch (error) {
      loop.log.error('the state cannot be kept; after a restart all is unknown until proven again', { error });
    }
  }

  #judge(): void {
    const { loop, state } = this;
    const by = { ...state, tables: state.seen?.tables ?? [], declared: loop.declared() };
    const { memory, states, gone } = judgeTables(state.memory, by);
    loop.change((now) => ({ ...now, memory }));
    for (const { table, state: own } of gone) loop.metrics.state(table, own);
    for (const { table, before, state: own, completenessRatio } of states) {
      if (before !== undefined && before.state !== own.state)
        loop.log[own.state === 'confirmed' ? 'error' : 'info']('audit trail state', {
          table,
          from: before.state,
          to: own.state,
          reason: own.reason,
        });
      loop.metrics.state(table, own.state);
      loop.metrics.completeness(table, completenessRatio);
    }
  }
}
