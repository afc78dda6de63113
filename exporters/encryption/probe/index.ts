import type { FieldEncryption } from '../../../pack/encryption/model.js';
import type { Pack } from '../../../pack/index.js';
import type { LandingSection } from '../../runtime/landing/section.js';
import { separateProcess } from '../../runtime/measuring/separate-process.js';
import { WatchedThread } from '../../runtime/measuring/thread.js';
import { type Counter, type Family, type MetricStore, mergeFamilies } from '../../runtime/metrics/index.js';
import { boundsFor, ProviderMetrics } from '../metrics.js';
import { ENCRYPTION, type EncryptionSource, type SourceDeps } from '../source.js';
import { canaryFileOf, encodeJob, type ProbeJob, probeJobName, probeJobsOf } from './plan.js';
import type { ProbeCommand, ProbeReport, RoundResult } from './protocol.js';
import { probeSections } from './sections.js';

/** A round in progress is aborted, because its result is no longer needed. */
const STOP_GRACE_MS = 1000;

export interface ThreadOptions {
  /** The compiled worker; tests that run from source name it. */
  readonly url?: URL;
  readonly silenceMs?: number;
}

interface ProbeDeps extends Pick<SourceDeps, 'log' | 'shard' | 'state'> {
  readonly restarts: Counter<'thread'>;
  readonly store: MetricStore;
}

/** Measures providers, each in a separate thread, and keeps their results. */
export class ProbeSource implements EncryptionSource {
  readonly name = 'probe';
  readonly #deps: ProbeDeps;
  readonly #threadOptions: ThreadOptions;
  #measured = new Map<string, Measured>();
  #isStarted = false;

  constructor(deps: ProbeDeps, threadOptions: ThreadOptions = {}) {
    this.#deps = deps;
    this.#threadOptions = threadOptions;
  }

  /** Why some results are not current. Other providers continue: one hanging library must not stop them. */
  get problem(): string | undefined {
    const found = [...this.#measured.values()].flatMap(({ thread }) => thread.problem ?? []);
    return found.length === 0 ? undefined : found.join('; ');
  }

  get broken(): string | undefined {
    const found = [...this.#measured.values()].flatMap(({ thread }) => thread.broken ?? []);
    return found.length === 0 ? undefined : found.join('; ');
  }

  get notReady(): string | undefined {
    const waiting = [...this.#measured.values()].filter(({ last }) => last === undefined);
    const all = this.#measured.size;
    return waiting.length === 0 ? undefined : `${waiting.length} of ${all} providers have not been measured yet`;
  }

  async configure(
    _encryption: readonly FieldEncryption[],
    pack: Pick<Pack, 'portals' | 'encryption' | 'objectives'>,
  ): Promise<void> {
    // All providers of a description run in the process that watches its keys, because some keys are known only by a
    // provider.
    const encryption = pack.encryption.filter(({ name }) => this.#deps.shard.owns(name));
    const folder = this.#deps.state.folder(ENCRYPTION);
    const jobs = probeJobsOf({ ...pack, encryption }).map((job) => ({
      ...job,
      canaryFile: canaryFileOf(folder.path, job),
    }));
    // Keys of a local provider live for one round, so there is nothing to store.
    if (jobs.some(({ provider }) => provider.kind !== 'local')) await folder.use();
    const bounds = boundsFor(jobs);
    const next = new Map<string, Measured>();
    const made: Measured[] = [];
    try {
      for (const job of jobs) {
        const name = probeJobName(job);
        const known = this.#measured.get(name);
        if (known !== undefined && encodeJob(known.job) === encodeJob(job)) {
          next.set(name, known);
          continue;
        }
        // A changed provider gets a new thread while the old one continues, so that a rejected configuration has no
        // effect.
        const measured = this.#measure(job, bounds, known);
        made.push(measured);
        await measured.thread.configure();
        next.set(name, measured);
      }
    } catch (error) {
      for (const { thread } of made) void thread.stop(0);
      throw error;
    }
    const before = this.#measured;
    this.#measured = next;
    for (const measured of next.values()) measured.metrics.configure(measured.job, bounds);
    for (const [name, old] of before) if (next.get(name) !== old) void old.thread.stop(STOP_GRACE_MS);
    if (this.#isStarted) for (const { thread } of made) thread.start();
  }

  start(): void {
    this.#isStarted = true;
    for (const { thread } of this.#measured.values()) thread.start();
  }

  async stop(): Promise<void> {
    await Promise.all([...this.#measured.values()].map(({ thread }) => thread.stop(STOP_GRACE_MS)));
  }

  families(): Family[] {
    const current = [...this.#measured.values()].filter(({ thread }) => thread.problem === undefined);
    return [...mergeFamilies(current.flatMap(({ metrics }) => metrics.families())).families];
  }

  sections(): LandingSection[] {
    return probeSections(
      [...this.#measured.values()].map(({ job, last, metrics: { verdict }, thread }) => ({
        job,
        last,
        outage: verdict?.isUp === false ? (verdict.problem ?? 'not usable') : undefined,
        problem: thread.problem,
      })),
      Date.now(),
    );
  }

  /** @param before the provider whose counts continue. */
  #measure(job: ProbeJob, bounds: readonly number[], before: Measured | undefined): Measured {
    const { log, restarts, store } = this.#deps;
    const name = probeJobName(job);
    const encoded = encodeJob(job);
    const measured: Measured = {
      job,
      metrics: before?.metrics ?? new ProviderMetrics(job, bounds, store.apart()),
      last: undefined,
      thread: new WatchedThread<ProbeCommand, ProbeReport>({
        name,
        url: this.#threadOptions.url ?? new URL('../worker.js', import.meta.url),
        log,
        restarts,
        configuration: () => ({ type: 'configure', job: encoded }),
        begin: { type: 'start' },
        end: (graceMs) => ({ type: 'stop', graceMs }),
        onReport: ({ result }) => {
          if (this.#measured.get(name) !== measured) return;
          const isNews = measured.last?.isUsable !== false || measured.last.problem !== result.problem;
          if (!result.isUsable && isNews) {
            const what =
              result.fault === undefined
                ? 'an encryption provider cannot be used'
                : 'an encryption provider cannot be asked, by a fault of the exporter';
            log.warn(what, { provider: name, reason: result.problem });
          } else if (measured.last?.isUsable === false && result.isUsable) {
            log.info('an encryption provider can be used again', { provider: name });
          }
          measured.last = result;
          measured.metrics.record(result);
        },
        // A token's library has one state per process, which must be initialised again when a token was removed.
        ...(job.provider.kind === 'pkcs11' ? { launch: separateProcess } : {}),
        ...(this.#threadOptions.silenceMs === undefined ? {} : { silenceMs: this.#threadOptions.silenceMs }),
      }),
    };
    return measured;
  }
}

interface Measured {
  readonly job: ProbeJob;
  readonly metrics: ProviderMetrics;
  readonly thread: WatchedThread<ProbeCommand, ProbeReport>;
  last: RoundResult | undefined;
}
