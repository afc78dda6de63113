import { createHash } from 'node:crypto';
import { dirname } from 'node:path';
import { performance } from 'node:perf_hooks';
import { longestProbePauseSeconds, selfTests } from '../../../pack/encryption/metrics.js';
import { Backoff } from '../../runtime/measuring/backoff.js';
import type { Redactor } from '../../runtime/redactor.js';
import { makeProvider } from '../providers/open.js';
import type { Provider } from '../providers/provider.js';
import { Stopped } from './call.js';
import { CanaryFile } from './canary-file.js';
import { isDue, type MadeTests, type Results, rememberedAged, rememberedVersions } from './made-tests.js';
import { type ProbeJob, probeJobName } from './plan.js';
import type { RoundResult } from './protocol.js';
import { type RoundPlan, runRound } from './round.js';

/** The rest of the interval is the provider's own. */
const BUDGET_SHARE = 0.5;
const FIRST_ROUND_WITHIN_MS = 3000;

/**
 * Measures one provider, round after round. A round starts only when the previous one has ended, and missed rounds are
 * not repeated. After rounds in which the provider could not be used, pauses grow up to five minutes.
 */
export class ProbeEngine {
  readonly #job: ProbeJob;
  readonly #redactor: Redactor;
  readonly #report: (result: RoundResult) => void;
  readonly #stopping = new AbortController();
  readonly #backoff: Backoff;
  /** Kept from round to round, to detect a provider that starts again with the same nonce. */
  readonly #nonces = new Set<string>();
  #provider: Provider | undefined;
  #running: Promise<void> | undefined;
  #versionTests: MadeTests | undefined;
  #agedTests: MadeTests | undefined;
  readonly #file: CanaryFile | undefined;

  constructor(job: ProbeJob, redactor: Redactor, report: (result: RoundResult) => void) {
    this.#job = job;
    this.#redactor = redactor;
    this.#report = report;
    this.#file = job.canaryFile === undefined ? undefined : new CanaryFile(job.canaryFile, job.keepsCanaries);
    const { intervalMs } = job.probe;
    this.#backoff = new Backoff({
      initialMs: intervalMs,
      maxMs: Math.max(intervalMs, longestProbePauseSeconds * 1000),
    });
  }

  start(): void {
    this.#running ??= this.#run();
  }

  /** Resolves when no operation is in progress. */
  async stop(): Promise<void> {
    this.#stopping.abort();
    await this.#running;
  }

  /** One round now; for the command line, which has no schedule. @throws {Stopped} */
  async round(): Promise<RoundResult> {
    const { provider, portal, probe, canaryFile } = this.#job;
    this.#provider ??= await makeProvider(provider, {
      portal,
      timeoutMs: probe.timeoutMs,
      redactor: this.#redactor,
      stopping: this.#stopping.signal,
      ...(canaryFile === undefined ? {} : { stateFolder: dirname(canaryFile) }),
    });
    const startedAtSeconds = Date.now() / 1000;
    // Decided once: they may become due during the round, but then they do not run in it.
    const makesVersionTests = isDue(this.#versionTests);
    const makesAgedTests = isDue(this.#agedTests);
    const outcome = await runRound(
      this.#provider,
      this.#plan(makesVersionTests, makesAgedTests),
      this.#nonces,
      this.#stopping.signal,
    );
    if (outcome.isUsable) this.#backoff.succeed();
    // A fault of the exporter may be fixed at any moment, and retries cost the provider nothing.
    else if (outcome.fault === undefined) this.#backoff.fail();
    const { series, failures, uncertain, isUsable, fault, problem, isRecordLost } = outcome;
    const { credential } = this.#provider;
    return {
      startedAtSeconds,
      endedAtSeconds: Date.now() / 1000,
      isUsable,
      series,
      failures,
      uncertain,
      selfTests: isUsable ? this.#withKept([...outcome.selfTests], makesVersionTests, makesAgedTests) : [],
      pauseMs: Math.round(this.#backoff.pauseMs),
      ...(credential === undefined ? {} : { credential }),
      ...(fault === undefined ? {} : { fault }),
      ...(isRecordLost === undefined ? {} : { isRecordLost }),
      ...(problem === undefined ? {} : { problem: this.#redactor.redact(problem) }),
    };
  }

  async #run(): Promise<void> {
    const { intervalMs } = this.#job.probe;
    // Each name has its own offset, so that the providers of a portal do not all start together.
    const place = createHash('sha256').update(probeJobName(this.#job)).digest().readUInt32BE(0) / 2 ** 32;
    let due = performance.now() + place * Math.min(intervalMs, FIRST_ROUND_WITHIN_MS);
    while (!this.#stopping.signal.aborted) {
      await this.#until(due);
      if (this.#stopping.signal.aborted) return;
      try {
        this.#report(await this.round());
      } catch (error) {
        if (error instanceof Stopped) return;
        throw error;
      }
      const now = performance.now();
      const missed = Math.max(0, Math.floor((now - due) / intervalMs));
      due = Math.max(due + (missed + 1) * intervalMs, now + this.#backoff.pauseMs);
    }
  }

  #plan(makesVersionTests: boolean, makesAgedTests: boolean): RoundPlan {
    const { probe, slaSeconds } = this.#job;
    return {
      sizesBytes: probe.sizesBytes,
      samples: probe.samples,
      timeoutMs: probe.timeoutMs,
      slaSeconds,
      budgetMs: probe.intervalMs * BUDGET_SHARE,
      skipVersionTests: !makesVersionTests,
      skipAgedTests: !makesAgedTests,
      ...(this.#file === undefined ? {} : { file: this.#file }),
    };
  }

  /** Tests that change something at the provider, or cost money, run rarely; between them, the last result is valid. */
  #withKept(made: Results, madeVersionTests: boolean, madeAgedTests: boolean): Results {
    const pauseMs = this.#provider?.versions?.pauseMs;
    if (pauseMs !== undefined && madeVersionTests) this.#versionTests = rememberedVersions(made, pauseMs);
    if (madeAgedTests) this.#agedTests = rememberedAged(made);
    const kept = [
      ...(pauseMs === undefined || madeVersionTests ? [] : (this.#versionTests?.results ?? [])),
      ...(madeAgedTests ? [] : (this.#agedTests?.results ?? [])),
    ];
    return [...made, ...kept].toSorted(([a], [b]) => selfTests.indexOf(a) - selfTests.indexOf(b));
  }

  #until(due: number): Promise<void> {
    return new Promise((resolve) => {
      const { signal } = this.#stopping;
      const timer = setTimeout(done, Math.max(0, due - performance.now()));
      function done() {
        clearTimeout(timer);
        signal.removeEventListener('abort', done);
        resolve();
      }
      signal.addEventListener('abort', done, { once: true });
    });
  }
}
