import { randomInt } from 'node:crypto';
import { isDeepStrictEqual } from 'node:util';
import type { SelfTest } from '../../../pack/encryption/metrics.js';
import { asFailure, NotPossible, ProviderFailure } from '../providers/failure.js';
import type { KeyVersions, Parts, Provider } from '../providers/provider.js';
import { everywhere, flipped } from './bit-flips.js';
import { Breath } from './breath.js';
import { type CallLimits, renewing, tellsNothing, withinDeadline } from './call.js';
import { canary, contextOf } from './canary.js';
import type { CanaryFile } from './canary-file.js';
import { comparable, findPlaintext, INFLATIONS, relation } from './secrecy.js';
import { absent, failed, passed, type TestResult } from './test-result.js';

export type TestResults = ReadonlyMap<SelfTest, TestResult>;

export interface SelfTestOptions extends CallLimits {
  /** Nonces of earlier rounds, oldest first; the new ones are added. */
  readonly nonces: Set<string>;
  /** Skip tests that change the key's versions. */
  readonly skipVersions?: boolean;
  /** Where a revoked version is recorded until it is restored, in case this process is killed. */
  readonly file?: CanaryFile;
}

const PLAINTEXT_BYTES = 32;
/** Long enough that half of it is more than a block. */
const LONG_PLAINTEXT_BYTES = 64;
const EQUAL_SEALINGS = 9;
/** Enough that two of them come from the same one of eight servers: what these share belongs to the server. */
const OTHER_SEALINGS = 9;
/** For an unknown format, a similarity must occur each time: the test is repeated with other plaintexts. */
const CONFIRMATIONS = 3;
const NONCES_KEPT = 4096;
/**
 * Where a bit is flipped, as shares of the length. Several positions, because without authentication a change near the
 * end damages the padding of CBC and is refused for that reason, and a change at the beginning damages a version byte.
 */
const FLIPS_AT = [0, 0.25, 0.5, 0.75] as const;
/** The last byte of a value with fewer than a hundred bytes. */
const LAST = 0.99;
const ATTEMPTS = 3;
const noDifference = absent('nothing that was changed made a difference: the form of the ciphertext is not known');
/** For a format without a tag: the Base64 of the rest has the same padding. */
const CUT_BYTES = 3;

/**
 * Tests on canaries that a provider protects data. A rejection proves something only if a valid ciphertext was accepted
 * just before and just after it: a provider that fails at everything must not look like one that refuses correctly.
 */
export async function runSelfTests<S>(provider: Provider<S>, options: SelfTestOptions): Promise<TestResults> {
  return new SelfTests(provider, options).run();
}

interface Sealed<S> {
  readonly sealed: S;
  readonly plaintext: Buffer;
}

/** Ciphertexts whose plaintexts are equal, nearly equal, and different. */
interface Relatives<S> {
  readonly equal: readonly Sealed<S>[];
  readonly near: Sealed<S>;
  readonly others: readonly Sealed<S>[];
}

class SelfTests<S> {
  readonly #provider: Provider<S>;
  readonly #options: SelfTestOptions;
  readonly #results = new Map<SelfTest, TestResult>();
  readonly #plaintext = canary(PLAINTEXT_BYTES);
  readonly #here = contextOf('row-1');
  readonly #elsewhere = contextOf('row-2');
  readonly #breath = new Breath();

  constructor(provider: Provider<S>, options: SelfTestOptions) {
    this.#provider = provider;
    this.#options = options;
  }

  async run(): Promise<TestResults> {
    const sealed = await this.#roundTrip();
    if (sealed === undefined) return this.#results;
    await this.#changedCiphertexts(sealed);
    await this.#changedContexts(sealed);
    await this.#secrecy();
    if (this.#provider.versions !== undefined) await this.#keyVersions(this.#provider.versions);
    else await this.#otherKey(sealed);
    return this.#results;
  }

  async #roundTrip(): Promise<S | undefined> {
    try {
      const sealed = await this.#encrypt(this.#here);
      const isRight = await this.#decryptsTo(sealed, this.#here, this.#plaintext);
      this.#results.set('round_trip', isRight ? passed : failed('the plaintext came back changed'));
      return isRight ? sealed : undefined;
    } catch (error) {
      // Only the refusal of a new ciphertext shows that encryption is broken; other errors mean that the provider was
      // unavailable.
      const { message, reason } = asFailure(error);
      this.#results.set('round_trip', reason === 'integrity' ? failed(message) : absent(message));
      return undefined;
    }
  }

  async #changedCiphertexts(sealed: S): Promise<void> {
    const { anatomy } = this.#provider;
    const parts = anatomy.dissect(sealed);
    // A portal also refuses invalid input. A refusal proves something only if everything except the change is as
    // before, and if the changed part can contain the canary.
    if (parts.body.length < PLAINTEXT_BYTES || !isDeepStrictEqual(anatomy.assemble(parts, sealed), sealed)) {
      const unknown = absent('the form of the ciphertext is not known, so nothing can be changed inside it');
      for (const test of ['tamper_ciphertext', 'truncated'] as const) this.#results.set(test, unknown);
      return;
    }
    const control = () => this.#decryptsTo(sealed, this.#here, this.#plaintext);
    const reject = (test: SelfTest, changes: readonly Partial<Parts>[], mayKeep?: Buffer) => {
      const bad = changes.map((change) => anatomy.assemble({ ...parts, ...change }, sealed));
      return this.#mustReject(
        test,
        bad.map((one) => () => this.#decrypt(one, this.#here)),
        control,
        mayKeep,
      );
    };

    const { body, nonce, tag, others = [] } = parts;
    if (nonce === undefined) {
      // Some bytes may not be protected on purpose: a result that is unchanged in spite of the change proves nothing.
      await reject(
        'tamper_ciphertext',
        everywhere(body, (changed) => ({ body: changed })),
        this.#plaintext,
      );
    } else {
      const inNonce = [0, LAST].map((share) => ({ nonce: flipped(nonce, share) }));
      await reject('tamper_ciphertext', [...FLIPS_AT.map((share) => ({ body: flipped(body, share) })), ...inNonce]);
    }
    const elsewhere = others.flatMap((other, at) =>
      everywhere(other, (changed) => ({ others: others.with(at, changed) })),
    );
    const changed = elsewhere.map((change) => anatomy.assemble({ ...parts, ...change }, sealed));
    await this.#mustNotChange('tamper_ciphertext', changed, control);
    if (tag !== undefined) await reject('tamper_tag', [{ tag: flipped(tag, 0.5) }]);
    await reject('truncated', [
      tag === undefined ? { body: body.subarray(0, -CUT_BYTES) } : { tag: tag.subarray(0, -1) },
    ]);
  }

  async #changedContexts(sealed: S): Promise<void> {
    if (!this.#provider.bindsContext) {
      const unbound = absent(
        'the provider is said to bind no context: a value that is moved to another row opens there',
      );
      for (const test of ['wrong_aad', 'replayed_other_row'] as const) this.#results.set(test, unbound);
      return;
    }
    await this.#mustReject(
      'wrong_aad',
      [() => this.#decrypt(sealed, Buffer.concat([this.#here, Buffer.from('|other')]))],
      () => this.#decryptsTo(sealed, this.#here, this.#plaintext),
    );
    const test = 'replayed_other_row';
    const other = await this.#trying(test, () => this.#encrypt(this.#elsewhere));
    if (other === undefined) return;
    await this.#mustReject(test, [() => this.#decrypt(sealed, this.#elsewhere)], () =>
      this.#decryptsTo(other, this.#elsewhere, this.#plaintext),
    );
  }

  /** What an attacker without the key may learn: the plaintext, equality of two plaintexts, or a reused nonce. */
  async #secrecy(): Promise<void> {
    const tests = ['plaintext_hidden', 'ciphertexts_unrelated', 'nonce_unique'] as const;
    let relatives: Relatives<S> | undefined;
    try {
      relatives = await this.#relatives();
      // Data that its owner cannot decrypt either proves nothing.
      const [one] = relatives.equal;
      if (one === undefined || !(await this.#decryptsTo(one.sealed, this.#here, one.plaintext))) {
        throw new NotPossible('what was encrypted for these tests does not decrypt');
      }
      this.#plaintextHidden(relatives);
      await this.#unrelated(relatives);
    } catch (error) {
      const why = error instanceof NotPossible ? error.message : asFailure(error).message;
      for (const test of tests) if (!this.#results.has(test)) this.#results.set(test, absent(why));
    }
    if (relatives !== undefined) this.#nonces([...relatives.equal, relatives.near, ...relatives.others]);
  }

  async #relatives(): Promise<Relatives<S>> {
    const plaintext = canary(LONG_PLAINTEXT_BYTES);
    const half = LONG_PLAINTEXT_BYTES / 2;
    const nearly = Buffer.concat([plaintext.subarray(0, half), canary(half)]);
    const equal: Sealed<S>[] = [];
    const others: Sealed<S>[] = [];
    // In random order: what changes with time or between servers, such as a wrapped data key, is then in both groups.
    for (const isEqual of shuffled(EQUAL_SEALINGS, OTHER_SEALINGS)) {
      const sealed = await this.#sealed(isEqual ? plaintext : canary(LONG_PLAINTEXT_BYTES));
      (isEqual ? equal : others).push(sealed);
    }
    return { equal, near: await this.#sealed(nearly), others };
  }

  async #sealed(plaintext: Buffer): Promise<Sealed<S>> {
    const sealed = await this.#within((signal) => this.#provider.encrypt(plaintext, this.#here, { signal }));
    return { sealed, plaintext };
  }

  #plaintextHidden({ equal, near, others }: Relatives<S>): void {
    const first = [...equal, near, ...others]
      // Searching compressed data is expensive, so only the first ciphertext is searched; its server is random.
      .map((one, at) => findPlaintext(one.sealed, one.plaintext, at === 0 ? INFLATIONS : 0))
      .find((found) => found !== undefined);
    this.#results.set(
      'plaintext_hidden',
      first === undefined ? passed : failed(`the plaintext stands in the ciphertext (${first})`),
    );
  }

  async #unrelated(relatives: Relatives<S>): Promise<void> {
    const mayRepeat = this.#provider.anatomy.isConvergent === true;
    let found = relation(this.#compared(relatives), mayRepeat);
    for (let more = 0; found?.isCertain === false && more < CONFIRMATIONS; more += 1) {
      found = relation(this.#compared(await this.#relatives()), mayRepeat);
    }
    this.#results.set('ciphertexts_unrelated', found === undefined ? passed : failed(found.what));
  }

  #compared({ equal, near, others }: Relatives<S>) {
    const of = ({ sealed, plaintext }: Sealed<S>) =>
      comparable(sealed, this.#provider.anatomy.dissect(sealed), plaintext);
    return { equal: equal.map(of), near: of(near), others: others.map(of) };
  }

  #nonces(all: readonly Sealed<S>[]): void {
    const test = 'nonce_unique';
    const { anatomy } = this.#provider;
    if (anatomy.isConvergent === true) {
      this.#results.set(test, absent('equal plaintexts have equal nonces by design: the provider is deterministic'));
      return;
    }
    const found: string[] = [];
    for (const { sealed } of all) {
      const { nonce, keyVersion = '' } = anatomy.dissect(sealed);
      if (nonce === undefined) {
        this.#results.set(
          test,
          absent('the ciphertext shows no nonce; ciphertexts_unrelated shows whether one repeats'),
        );
        return;
      }
      found.push(`${keyVersion}:${nonce.toString('base64')}`);
    }
    const { nonces } = this.#options;
    let repeated = 0;
    for (const nonce of found) {
      if (nonces.has(nonce)) repeated += 1;
      nonces.add(nonce);
    }
    this.#results.set(
      test,
      repeated === 0 ? passed : failed(`${repeated} of ${found.length} nonces had been used before`),
    );
    for (const nonce of nonces) {
      if (nonces.size <= NONCES_KEPT) break;
      nonces.delete(nonce);
    }
  }

  /** Some providers without versions can be told to use a key that did not encrypt. */
  async #otherKey(sealed: S): Promise<void> {
    const { decryptWithOtherKey } = this.#provider;
    if (decryptWithOtherKey === undefined) return;
    await this.#mustReject(
      'wrong_key',
      [() => this.#within((signal) => decryptWithOtherKey.call(this.#provider, sealed, this.#here, { signal }))],
      () => this.#decryptsTo(sealed, this.#here, this.#plaintext),
    );
  }

  async #keyVersions(versions: KeyVersions): Promise<void> {
    if (this.#options.skipVersions === true) return;
    const pair = await this.#trying('old_version_decrypts', () => this.#within((signal) => versions.pair(signal)));
    if (pair === undefined) {
      const why = this.#results.get('old_version_decrypts')?.why ?? '';
      for (const test of ['wrong_key', 'revoked_version_fails'] as const) this.#results.set(test, absent(why));
      return;
    }
    const sealed = await this.#trying('old_version_decrypts', async () => ({
      old: await this.#encrypt(this.#here, pair.older),
      fresh: await this.#encrypt(this.#here, pair.newer),
    }));
    if (sealed === undefined) return;
    await this.#relabelled(sealed.old, sealed.fresh, pair.newer);
    // The next tests are about keys at the provider, not about cached data keys.
    this.#provider.dataKeys?.forget();
    const freshDecrypts = () => this.#decryptsTo(sealed.fresh, this.#here, this.#plaintext);
    const oldDecrypts = await this.#oldVersion(sealed.old, freshDecrypts);
    if (oldDecrypts && versions.revoke !== undefined)
      await this.#revoked(versions, pair.older, sealed.old, freshDecrypts);
  }

  /** A refusal counts only if the new version is accepted before and after it, twice: then it is about the version. */
  async #oldVersion(old: S, freshDecrypts: () => Promise<boolean>): Promise<boolean> {
    const test = 'old_version_decrypts';
    let result = passed;
    for (let attempt = 1; attempt <= 2; attempt += 1) {
      const fresh = await this.#trying(test, freshDecrypts);
      if (fresh === undefined) return false;
      if (!fresh) {
        this.#results.set(test, absent('the newest version does not decrypt either'));
        return false;
      }
      result = await this.#opens(old, this.#here, this.#plaintext);
      if (result.outcome === 'passed') break;
    }
    this.#results.set(test, result);
    return result.outcome === 'passed';
  }

  /** Whether it decrypts to its plaintext. */
  async #opens(sealed: S, context: Buffer, plaintext: Buffer): Promise<TestResult> {
    try {
      const isRight = await this.#decryptsTo(sealed, context, plaintext);
      return isRight ? passed : failed('the plaintext came back changed');
    } catch (error) {
      const { message } = asFailure(error);
      return tellsNothing(error) ? absent(message) : failed(message);
    }
  }

  /** The old ciphertext relabelled with the new version: the provider then uses a wrong key. */
  async #relabelled(old: S, fresh: S, newer: string): Promise<void> {
    const { anatomy } = this.#provider;
    const relabelled = anatomy.assemble({ ...anatomy.dissect(old), keyVersion: newer }, old);
    await this.#mustReject(
      'wrong_key',
      [() => this.#decrypt(relabelled, this.#here)],
      async () =>
        (await this.#decryptsTo(old, this.#here, this.#plaintext)) &&
        (await this.#decryptsTo(fresh, this.#here, this.#plaintext)),
    );
  }

  async #revoked(versions: KeyVersions, older: string, old: S, freshDecrypts: () => Promise<boolean>): Promise<void> {
    const test = 'revoked_version_fails';
    const { revoke, restore } = versions;
    if (revoke === undefined) return;
    const earliest = versions.earliest?.() ?? older;
    const { file } = this.#options;
    try {
      // If it cannot be recorded, the test still runs, because no stored canary depends on it then.
      if (restore !== undefined) await file?.noteRevoked({ version: older, earliest, atMs: Date.now() }).catch(ignored);
      const done = await this.#trying(test, () => this.#within((signal) => revoke(older, signal)).then(() => true));
      if (done === true) await this.#mustReject(test, [() => this.#decrypt(old, this.#here)], freshDecrypts);
    } finally {
      if (restore !== undefined && (await this.#restored(test, (signal) => restore(older, earliest, signal)))) {
        await file?.noteRestored().catch(ignored);
      }
    }
  }

  /** Also when the exporter stops: otherwise the next process would find the version revoked. */
  async #restored(test: SelfTest, restore: (signal: AbortSignal) => Promise<void>): Promise<boolean> {
    try {
      await withinDeadline(this.#options.timeoutMs, new AbortController().signal, restore);
      return true;
    } catch (error) {
      this.#results.set(test, absent(`the version could not be restored: ${asFailure(error).message}`));
      return false;
    }
  }

  /**
   * @param attempts each must be refused.
   * @param control a valid ciphertext that must be accepted before and after.
   * @param mayKeep the plaintext without a change: if the result is the same, the change was not in protected data.
   */
  async #mustReject(
    test: SelfTest,
    attempts: readonly (() => Promise<Buffer>)[],
    control: () => Promise<boolean>,
    mayKeep?: Buffer,
  ): Promise<void> {
    const before = await this.#trying(test, control);
    if (before === undefined) return;
    if (!before) {
      this.#results.set(test, absent('what is right was not accepted before the test'));
      return;
    }
    let result = noDifference;
    for (const attempt of attempts) {
      const found = await this.#refused(attempt, mayKeep);
      if (found !== undefined) result = found;
      if (found !== undefined && found.outcome !== 'passed') break;
    }
    this.#results.set(test, result);
    if (result.outcome !== 'passed') return;
    const after = await this.#trying(test, control);
    if (after === false) this.#results.set(test, absent('what is right was not accepted after the test'));
  }

  /**
   * A changed part with an unknown meaning may be refused, ignored or cause an error; it must not change the plaintext.
   */
  async #mustNotChange(test: SelfTest, changed: readonly S[], control: () => Promise<boolean>): Promise<void> {
    const before = this.#results.get(test);
    if (before !== noDifference && before?.outcome !== 'passed') return;
    let result = before;
    for (const one of changed) {
      const found = await this.#refused(() => this.#decrypt(one, this.#here), this.#plaintext);
      if (found?.outcome === 'passed') result = passed;
      if (found?.outcome !== 'failed') continue;
      this.#results.set(test, found);
      return;
    }
    if (result === before || (await this.#trying(test, control)) !== true) return;
    this.#results.set(test, result);
  }

  /** @returns undefined where it opened to what it may. */
  async #refused(attempt: () => Promise<Buffer>, mayKeep?: Buffer): Promise<TestResult | undefined> {
    try {
      const plaintext = await attempt();
      const isKept = mayKeep?.equals(plaintext) === true;
      plaintext.fill(0);
      return isKept ? undefined : failed('it was accepted');
    } catch (error) {
      if (!tellsNothing(error)) return passed;
      return absent(`a refusal cannot be distinguished from an outage: ${asFailure(error).message}`);
    }
  }

  /** @returns undefined when it failed: then the test is absent, because it depends on this. */
  async #trying<T>(test: SelfTest, work: () => Promise<T>): Promise<T | undefined> {
    try {
      return await work();
    } catch (error) {
      this.#results.set(test, absent(error instanceof NotPossible ? error.message : asFailure(error).message));
      return undefined;
    }
  }

  #encrypt(context: Buffer, keyVersion?: string): Promise<S> {
    return this.#within((signal) =>
      this.#provider.encrypt(this.#plaintext, context, keyVersion === undefined ? { signal } : { signal, keyVersion }),
    );
  }

  #decrypt(sealed: S, context: Buffer): Promise<Buffer> {
    return this.#within((signal) => this.#provider.decrypt(sealed, context, { signal }));
  }

  async #decryptsTo(sealed: S, context: Buffer, plaintext: Buffer): Promise<boolean> {
    const found = await this.#decrypt(sealed, context);
    const isRight = found.equals(plaintext);
    found.fill(0);
    return isRight;
  }

  async #within<T>(work: (signal: AbortSignal) => T | Promise<T>): Promise<T> {
    for (let attempt = 1; ; attempt += 1) {
      if (this.#breath.isDue) await this.#breath.take();
      try {
        const { timeoutMs, stopping } = this.#options;
        return await renewing(this.#provider, this.#options, () => withinDeadline(timeoutMs, stopping, work));
      } catch (error) {
        // Nothing is measured here, so requests are retried: a server that fails one request in a hundred would
        // otherwise
        // void a test in every second round.
        if (attempt === ATTEMPTS || !(error instanceof ProviderFailure) || error.reason !== 'unavailable') throw error;
      }
    }
  }
}

function ignored(): void {}

/** This many of each, in random order. */
function shuffled(yes: number, no: number): boolean[] {
  const all = Array.from({ length: yes + no }, (_, index) => ({ isYes: index < yes, place: randomInt(2 ** 32) }));
  return all.toSorted((a, b) => a.place - b.place).map(({ isYes }) => isYes);
}
