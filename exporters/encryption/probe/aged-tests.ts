import { randomBytes } from 'node:crypto';
import { setTimeout as pause } from 'node:timers/promises';
import { agedTests, type SelfTest } from '../../../pack/encryption/metrics.js';
import { asFailure, NotPossible } from '../providers/failure.js';
import type { Lasting, Provider } from '../providers/provider.js';
import { type CallLimits, renewing, Stopped, tellsNothing, withinDeadline } from './call.js';
import { canary, contextOf } from './canary.js';
import {
  type CanaryBook,
  canaryDigest,
  canaryOfAge,
  type KeptCanary,
  oldestOfVersions,
  wantsAnother,
  withCanary,
  withoutVersions,
} from './canary-book.js';
import { type CanaryFile, CanaryFileError } from './canary-file.js';
import { absent, failed, passed, type TestResult, unknownResult } from './test-result.js';

const ages = { aged_1d: 1, aged_7d: 7, aged_90d: 90 } as const;
const PLAINTEXT_BYTES = 32;
/** A test with a revoked version is short; if it was recorded this long ago, it was interrupted. */
const LEFT_AFTER_MS = 60_000;
/** Another process may be testing with a revoked version at this moment. */
const RECHECK_AFTER_MS = 1500;

export interface AgedOptions extends CallLimits {
  readonly file: CanaryFile;
}

export type AgedResults = readonly (readonly [SelfTest, TestResult])[];

export interface AgedOutcome {
  readonly results: AgedResults;
  /** Absent if the provider could not be reached. */
  readonly isRecordLost?: boolean;
}

/**
 * Decrypts canaries that were encrypted 1, 7 and 90 days ago, and the oldest of each key version: a value that can be
 * decrypted at once proves nothing about stored values. What cannot be checked is unknown, and never fine.
 */
export async function runAgedTests<S>(provider: Provider<S>, options: AgedOptions): Promise<AgedOutcome> {
  const { lasting } = provider;
  if (lasting === undefined) return { results: all(absent('its keys live for one round only')) };
  try {
    const results = await new AgedTests(provider, lasting, options).run();
    return { results, isRecordLost: results.some(([, { outcome }]) => outcome === 'unknown') };
  } catch (error) {
    if (error instanceof Stopped || options.stopping.aborted) throw new Stopped('the exporter is stopping');
    if (error instanceof CanaryFileError) return { results: all(unknownResult(error.message)), isRecordLost: true };
    return { results: all(absent(error instanceof NotPossible ? error.message : asFailure(error).message)) };
  }
}

class AgedTests<S> {
  readonly #provider: Provider<S>;
  readonly #lasting: Lasting<S>;
  readonly #options: AgedOptions;
  readonly #nowMs = Date.now();

  constructor(provider: Provider<S>, lasting: Lasting<S>, options: AgedOptions) {
    this.#provider = provider;
    this.#lasting = lasting;
    this.#options = options;
  }

  async run(): Promise<AgedResults> {
    await this.#restoreLeftRevoked();
    const kept = await this.#options.file.load(this.#nowMs);
    const { fresh, book } = await this.#versioned(await this.#fresh(), kept);
    const results: [SelfTest, TestResult][] = [];
    for (const [test, days] of Object.entries(ages)) results.push([agedTest(test), await this.#ofAge(book, days)]);
    const ofVersions = await this.#ofVersions(book);
    if (book.lostAtMs === undefined) return this.#kept(book, fresh, [...results, ['aged_versions', ofVersions]]);
    const { markPath } = this.#options.file;
    const lost = unknownResult(
      `the record of aged canaries was gone at ${dateOf(book.lostAtMs)}, and was started again; remove ${markPath} once you have seen it`,
    );
    const told = results.map(([test, result]) => [test, result.outcome === 'absent' ? lost : result] as const);
    // The canaries of earlier versions are lost permanently.
    const isVersioned = fresh.version !== undefined && ofVersions.outcome !== 'failed';
    return this.#kept(book, fresh, [...told, ['aged_versions', isVersioned ? lost : ofVersions]]);
  }

  /** Added last: a provider that has just lost its keys must not start a new record before the old one was checked. */
  async #kept(book: CanaryBook, fresh: KeptCanary, results: AgedResults): Promise<AgedResults> {
    try {
      await this.#keep(book, fresh);
      return results;
    } catch (error) {
      if (!(error instanceof CanaryFileError)) throw error;
      // Proven failures stay; the rest can never be known.
      return results.map(([test, result]) => [
        test,
        result.outcome === 'absent' ? unknownResult(error.message) : result,
      ]);
    }
  }

  async #keep(book: CanaryBook, fresh: KeptCanary): Promise<void> {
    const { file } = this.#options;
    if (!file.mayWrite) return;
    if (wantsAnother(book, fresh.version, this.#nowMs)) await file.save(withCanary(book, fresh, this.#nowMs));
    else await file.mark(book);
  }

  /**
   * A new version must occur twice in a row: some providers name a new key in each ciphertext, which is not a version.
   */
  async #versioned(fresh: KeptCanary, book: CanaryBook): Promise<{ fresh: KeptCanary; book: CanaryBook }> {
    let newest = fresh;
    for (let tries = 0; tries < 2; tries += 1) {
      const { version } = newest;
      if (version === undefined || book.canaries.some((each) => each.version === version))
        return { fresh: newest, book };
      const again = await this.#fresh();
      if (again.version === version) return { fresh: again, book };
      // A rotation at this moment occurs only once.
      newest = again;
    }
    const bare = withoutVersions({ ...book, canaries: [...book.canaries, newest] });
    return { fresh: bare.canaries.at(-1) ?? newest, book: withoutVersions(book) };
  }

  /** A process that tested with a revoked version may have been killed before it restored the version. */
  async #restoreLeftRevoked(): Promise<void> {
    const revoked = await this.#options.file.revoked();
    const restore = this.#provider.versions?.restore;
    if (revoked === undefined || restore === undefined) return;
    if (Math.abs(this.#nowMs - revoked.atMs) < LEFT_AFTER_MS) {
      throw new NotPossible('a version of the key is revoked for a test just now');
    }
    await this.#within((signal) => restore(revoked.version, revoked.earliest, signal));
    await this.#options.file.noteRestored();
  }

  async #ofAge(book: CanaryBook, days: number): Promise<TestResult> {
    const kept = canaryOfAge(book, days, this.#nowMs);
    if (kept !== undefined) return this.#opens(kept);
    const [oldest] = book.canaries;
    const since = dateOf(oldest?.madeAtMs ?? this.#nowMs);
    return absent(`no canary is ${days === 1 ? 'a day' : `${days} days`} old yet: the record begins at ${since}`);
  }

  async #ofVersions(book: CanaryBook): Promise<TestResult> {
    const versions = oldestOfVersions(book);
    if (versions.size === 0) return absent('no canary says its key version');
    const found: TestResult[] = [];
    for (const [version, kept] of versions) {
      const { outcome, why } = await this.#opens(kept);
      if (outcome !== 'passed') found.push({ outcome, why: `version ${version}: ${why}` });
    }
    // A failed canary must not be hidden by one whose state is unknown.
    for (const outcome of ['failed', 'unknown', 'absent'] as const) {
      const those = found.filter((each) => each.outcome === outcome);
      if (those.length > 0) return { outcome, why: those.map(({ why }) => why).join('; ') };
    }
    return passed;
  }

  /** A refusal counts only if a fresh canary is decrypted before and after it, twice: then it is about this canary. */
  async #opens(kept: KeptCanary): Promise<TestResult> {
    const since = `sealed at ${dateOf(kept.madeAtMs)}`;
    const sealed = this.#lasting.read(kept.sealed);
    if (sealed === undefined) return unknownResult(`the canary that was ${since} is of a form that is no longer known`);
    let result = await this.#tried(kept, sealed);
    if (result.outcome === 'failed') {
      await pause(RECHECK_AFTER_MS, undefined, { signal: this.#options.stopping });
      await this.#fresh();
      result = await this.#tried(kept, sealed);
    }
    return result.outcome === 'passed' ? passed : { ...result, why: `${since}: ${result.why}` };
  }

  async #tried(kept: KeptCanary, sealed: S): Promise<TestResult> {
    // The test is about keys at the provider, not about cached data keys.
    this.#provider.dataKeys?.forget();
    try {
      const plaintext = await this.#within((signal) =>
        this.#provider.decrypt(sealed, Buffer.from(kept.context), { signal }),
      );
      const isRight = canaryDigest(plaintext) === kept.digest;
      plaintext.fill(0);
      return isRight ? passed : failed('it opens to another plaintext');
    } catch (error) {
      if (error instanceof Stopped) throw error;
      const { message } = asFailure(error);
      return tellsNothing(error) ? absent(message) : failed(`it does not open any more: ${message}`);
    }
  }

  /** A new canary that can be decrypted. @throws errors of the provider; then the others cannot be judged. */
  async #fresh(): Promise<KeptCanary> {
    const plaintext = canary(PLAINTEXT_BYTES);
    const context = contextOf(`aged-${randomBytes(6).toString('hex')}`);
    const sealed = await this.#within((signal) => this.#provider.encrypt(plaintext, context, { signal }));
    const opened = await this.#within((signal) => this.#provider.decrypt(sealed, context, { signal }));
    const isRight = opened.equals(plaintext);
    const digest = canaryDigest(plaintext);
    plaintext.fill(0);
    opened.fill(0);
    if (!isRight) throw new NotPossible('what was sealed just now does not open either');
    const version = this.#lasting.versionOf(sealed);
    return {
      madeAtMs: this.#nowMs,
      ...(version === undefined ? {} : { version }),
      context: context.toString(),
      digest,
      sealed: this.#lasting.write(sealed),
    };
  }

  async #within<T>(work: (signal: AbortSignal) => T | Promise<T>): Promise<T> {
    const { timeoutMs, stopping } = this.#options;
    return renewing(this.#provider, this.#options, () => withinDeadline(timeoutMs, stopping, work));
  }
}

function all(result: TestResult): AgedResults {
  return agedTests.map((test) => [test, result]);
}

function agedTest(name: string): SelfTest {
  return agedTests.find((each) => each === name) ?? 'aged_versions';
}

function dateOf(ms: number): string {
  return `${new Date(ms).toISOString().slice(0, 16)}Z`;
}
