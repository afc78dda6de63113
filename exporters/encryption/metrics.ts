import {
  type EncryptionOperation,
  encryptionErrors,
  encryptionMetrics,
  encryptionUncertain,
  operationBounds,
  type SelfTest,
} from '../../pack/encryption/metrics.js';
import { bindingOf } from '../../pack/encryption/model.js';
import type { Family, MetricStore } from '../runtime/metrics/index.js';
import { sizeLabel } from './probe/canary.js';
import type { ProbeJob } from './probe/plan.js';
import type { RoundResult } from './probe/protocol.js';
import { type ProviderVerdict, verdictAfter } from './probe/verdict.js';

/** The operations of every provider; `data_key` only for providers with data keys. */
const operations = ['encrypt', 'decrypt', 'round_trip'] as const;
const outcomes = ['met', 'missed', 'failed'] as const;
const DATA_KEY_BYTES = 32;

/**
 * The metrics of one provider. Each has its own store, so that a provider whose thread died can disappear from the page
 * and come back with its counts.
 */
export class ProviderMetrics {
  readonly #store: MetricStore;
  readonly #m: ReturnType<typeof create>;
  #job: ProbeJob;
  #verdict: ProviderVerdict | undefined;
  /** Self-tests that failed in their last execution. */
  readonly #failedTests = new Set<SelfTest>();

  constructor(job: ProbeJob, bounds: readonly number[], store: MetricStore) {
    this.#job = job;
    this.#store = store;
    this.#m = create(store);
    this.configure(job, bounds);
  }

  families(): Family[] {
    return this.#store.families();
  }

  /** Every series exists from the start, so that `increase()` sees the first failure. */
  configure(job: ProbeJob, bounds: readonly number[]): void {
    this.#forgetSizes(job);
    // Another kind of provider may not have the properties that were tested before.
    if (job.provider.kind !== this.#job.provider.kind) {
      this.#m.selfTestTime.remove({});
      this.#m.selfTest.remove({});
      this.#failedTests.clear();
    }
    // Another key has its own record.
    if (job.canaryFile !== this.#job.canaryFile) this.#m.canariesLost.remove({});
    this.#job = job;
    const { provider, title, team, slaSeconds, objectiveRatio } = job;
    const labels = this.#labels;
    this.#m.duration.rebound(bounds);
    this.#m.info.remove({});
    this.#m.info.set({ ...labels, kind: provider.kind, title, team }, 1);
    this.#m.bindsContext.set(labels, bindingOf(provider) === 'context' ? 1 : 0);
    this.#m.slaTarget.set(labels, slaSeconds);
    if (objectiveRatio === undefined) this.#m.slaObjective.remove({});
    else this.#m.slaObjective.set(labels, objectiveRatio);
    this.#m.probeTime.zero(labels);
    // The only test that every provider supports: if even this one never ran, that must be visible.
    this.#m.selfTestTime.zero({ ...labels, test: 'round_trip' });
    this.#m.probeInterval.set(labels, job.probe.intervalMs / 1000);
    this.#m.tainted.zero(labels);
    this.#m.undecided.zero(labels);
    for (const operation of this.#operations) {
      for (const outcome of outcomes) this.#m.operations.zero({ ...labels, operation, outcome });
      for (const reason of encryptionErrors) this.#m.errors.zero({ ...labels, operation, reason });
      for (const reason of encryptionUncertain) this.#m.uncertain.zero({ ...labels, operation, reason });
    }
    for (const reason of encryptionUncertain) this.#m.ownFault.zero({ ...labels, reason });
    for (const bytes of job.probe.sizesBytes) {
      for (const operation of operations) {
        const size = sizeLabel(bytes);
        this.#m.duration.zero({ ...labels, operation, size, key_temperature: 'warm' });
        if (this.#hasDataKeys) this.#m.duration.zero({ ...labels, operation, size, key_temperature: 'cold' });
      }
    }
    if (this.#hasDataKeys) {
      const size = sizeLabel(DATA_KEY_BYTES);
      this.#m.duration.zero({ ...labels, operation: 'data_key', size, key_temperature: 'cold' });
    }
  }

  record(result: RoundResult): void {
    const labels = this.#labels;
    for (const { operation, sizeBytes, temperature, seconds, met, missed, tainted } of result.series) {
      const size = sizeLabel(sizeBytes);
      const series = { ...labels, operation, size, key_temperature: temperature };
      for (const one of seconds) this.#m.duration.observe(series, one);
      this.#m.operations.inc({ ...labels, operation, outcome: 'met' }, met);
      this.#m.operations.inc({ ...labels, operation, outcome: 'missed' }, missed);
      this.#m.tainted.inc(labels, tainted);
      this.#m.undecided.inc(labels, seconds.length + tainted - met - missed);
    }
    for (const { operation, reason, count } of result.failures) {
      this.#m.errors.inc({ ...labels, operation, reason }, count);
      this.#m.operations.inc({ ...labels, operation, outcome: 'failed' }, count);
    }
    for (const { operation, reason, count } of result.uncertain) {
      this.#m.uncertain.inc({ ...labels, operation, reason }, count);
    }
    for (const reason of encryptionUncertain) {
      this.#m.ownFault.set({ ...labels, reason }, result.uncertain.some((each) => each.reason === reason) ? 1 : 0);
    }
    this.#verdict = verdictAfter(this.#verdict, result, this.#job);
    if (this.#verdict === undefined) this.#m.up.remove({});
    else this.#m.up.set(labels, this.#verdict.isUp ? 1 : 0);
    this.#m.probeTime.set(labels, result.endedAtSeconds);
    this.#recordCredential(result);
    if (result.isRecordLost !== undefined) this.#m.canariesLost.set(labels, result.isRecordLost ? 1 : 0);
    this.#recordSelfTests(result);
  }

  /** The result of the last conclusive round; undefined while the state is unknown. */
  get verdict(): ProviderVerdict | undefined {
    return this.#verdict;
  }

  /**
   * A test that passed before and did not run this time must not still show as passed. A failed test stays failed until it runs
   * again: neither an outage nor a fault of the exporter proves that it passes.
   */
  #recordSelfTests({ selfTests, endedAtSeconds }: RoundResult): void {
    const labels = this.#labels;
    this.#m.selfTest.remove({});
    for (const [test, { outcome, madeAtSeconds = endedAtSeconds }] of selfTests) {
      if (outcome === 'failed') this.#failedTests.add(test);
      else if (outcome !== 'unknown') this.#failedTests.delete(test);
      // The time stays unchanged, and becomes old, when a test can no longer run.
      if (outcome === 'absent' || outcome === 'unknown') continue;
      this.#m.selfTest.set({ ...labels, test }, outcome === 'passed' ? 1 : 0);
      this.#m.selfTestTime.set({ ...labels, test }, madeAtSeconds);
    }
    for (const test of this.#failedTests) this.#m.selfTest.set({ ...labels, test }, 0);
  }

  #recordCredential({ isUsable, credential }: RoundResult): void {
    // If the provider cannot be queried, the last known expiry stays valid: the credentials may just have expired.
    if (credential === undefined && !isUsable) return;
    this.#m.credentialExpiry.remove({});
    this.#m.credentialLifetime.remove({});
    if (credential === undefined || credential === 'endless') return;
    this.#m.credentialExpiry.set(this.#labels, credential.expiresAtSeconds);
    const { lifetimeSeconds } = credential;
    if (lifetimeSeconds !== undefined) this.#m.credentialLifetime.set(this.#labels, lifetimeSeconds);
  }

  get #labels(): { readonly portal: string; readonly provider: string } {
    return { portal: this.#job.portal.name, provider: this.#job.provider.name };
  }

  get #hasDataKeys(): boolean {
    return this.#job.provider.kind === 'kms';
  }

  get #operations(): readonly EncryptionOperation[] {
    return this.#hasDataKeys ? [...operations, 'data_key'] : operations;
  }

  #forgetSizes(next: ProbeJob): void {
    const kept = new Set(next.probe.sizesBytes);
    for (const bytes of this.#job.probe.sizesBytes) {
      if (!kept.has(bytes)) this.#m.duration.remove({ size: sizeLabel(bytes) });
    }
  }
}

/** A bound at exactly each promise, and at its double for round trips: the share in time is then exact. */
export function boundsFor(jobs: readonly ProbeJob[]): number[] {
  const promised = jobs.flatMap(({ slaSeconds }) => [slaSeconds, 2 * slaSeconds]);
  return [...new Set([...operationBounds, ...promised])].sort((a, b) => a - b);
}

function create(store: MetricStore) {
  const m = encryptionMetrics;
  return {
    info: store.gauge(m.info),
    up: store.gauge(m.up),
    bindsContext: store.gauge(m.bindsContext),
    credentialExpiry: store.gauge(m.credentialExpiry),
    credentialLifetime: store.gauge(m.credentialLifetime),
    slaTarget: store.gauge(m.slaTarget),
    slaObjective: store.gauge(m.slaObjective),
    operations: store.counter(m.operations),
    errors: store.counter(m.errors),
    uncertain: store.counter(m.uncertain),
    ownFault: store.gauge(m.ownFault),
    duration: store.histogram(m.duration),
    tainted: store.counter(m.tainted),
    undecided: store.counter(m.undecided),
    selfTest: store.gauge(m.selfTest),
    selfTestTime: store.gauge(m.selfTestTime),
    canariesLost: store.gauge(m.canariesLost),
    probeInterval: store.gauge(m.probeInterval),
    probeTime: store.gauge(m.probeTime),
  };
}
