import { isDeepStrictEqual } from 'node:util';
import type { SelfTest } from '../../../pack/metrics/encryption.js';
import { asFailure, NotPossible } from '../providers/failure.js';
import type { KeyVersions, Parts, Provider } from '../providers/provider.js';
import { Breath } from './breath.js';
import { tellsNothing, within } from './call.js';
import { canary, contextOf } from './canary.js';

/** `absent`: it could not be made, or does not apply. That is no success, and no failure either. */
export interface TestResult {
  readonly outcome: 'passed' | 'failed' | 'absent';
  /** For a person; empty when it passed. */
  readonly why: string;
  /** Where that was in an earlier round. */
  readonly madeAtSeconds?: number;
}

export type TestResults = ReadonlyMap<SelfTest, TestResult>;

export interface SelfTestOptions {
  readonly timeoutMs: number;
  readonly stopping: AbortSignal;
  /** Nonces of earlier rounds, oldest first; the new ones are added. */
  readonly nonces: Set<string>;
  /** Leave out what changes the key's versions. */
  readonly skipVersions?: boolean;
}

const PLAINTEXT_BYTES = 32;
const NONCES_PER_RUN = 16;
const NONCES_KEPT = 4096;
/**
 * Where a bit is flipped, as shares of the length. More than one place: without authentication, a change near the end
 * hits the padding of CBC and is refused for that, and one at the front hits a version byte.
 */
const FLIPS_AT = [0, 0.25, 0.5, 0.75] as const;
/** From a form without a tag: Base64 of what is left is padded as before. */
const CUT_BYTES = 3;

const passed: TestResult = { outcome: 'passed', why: '' };
const failed = (why: string): TestResult => ({ outcome: 'failed', why });
const absent = (why: string): TestResult => ({ outcome: 'absent', why });

/**
 * Shows that a provider does what encryption is for, on canaries. A rejection proves something only where what is
 * right was accepted just before and just after it: a provider that fails at everything must not look like one that
 * is careful.
 */
export async function runSelfTests<S>(provider: Provider<S>, options: SelfTestOptions): Promise<TestResults> {
  return new SelfTests(provider, options).run();
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
    await this.#nonces();
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
      const { message } = asFailure(error);
      this.#results.set('round_trip', tellsNothing(error) ? absent(message) : failed(message));
      return undefined;
    }
  }

  async #changedCiphertexts(sealed: S): Promise<void> {
    const { anatomy } = this.#provider;
    const parts = anatomy.dissect(sealed);
    // A portal refuses nonsense too. A refusal says something only where all but the change is as it was, and where
    // what is changed can hold the canary.
    if (parts.body.length < PLAINTEXT_BYTES || !isDeepStrictEqual(anatomy.assemble(parts, sealed), sealed)) {
      const unknown = absent('the form of the ciphertext is not known, so nothing can be changed inside it');
      for (const test of ['tamper_ciphertext', 'truncated'] as const) this.#results.set(test, unknown);
      return;
    }
    const control = () => this.#decryptsTo(sealed, this.#here, this.#plaintext);
    const reject = (test: SelfTest, changes: readonly Partial<Parts>[]) => {
      const bad = changes.map((change) => anatomy.assemble({ ...parts, ...change }, sealed));
      return this.#mustReject(
        test,
        bad.map((one) => () => this.#decrypt(one, this.#here)),
        control,
      );
    };

    const { body, tag } = parts;
    await reject(
      'tamper_ciphertext',
      FLIPS_AT.map((share) => ({ body: flipped(body, share) })),
    );
    if (tag !== undefined) await reject('tamper_tag', [{ tag: flipped(tag, 0.5) }]);
    await reject('truncated', [
      tag === undefined ? { body: body.subarray(0, -CUT_BYTES) } : { tag: tag.subarray(0, -1) },
    ]);
  }

  async #changedContexts(sealed: S): Promise<void> {
    if (!this.#provider.bindsContext) return;
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

  async #nonces(): Promise<void> {
    const test = 'nonce_unique';
    if (this.#provider.anatomy.isConvergent === true) {
      this.#results.set(test, absent('the key is convergent: equal plaintexts have equal nonces by design'));
      return;
    }
    const found = await this.#trying(test, async () => {
      const nonces: string[] = [];
      for (let count = 0; count < NONCES_PER_RUN; count += 1) {
        const { nonce, keyVersion = '' } = this.#provider.anatomy.dissect(await this.#encrypt(this.#here));
        if (nonce === undefined) return [];
        nonces.push(`${keyVersion}:${nonce.toString('base64')}`);
      }
      return nonces;
    });
    if (found === undefined || found.length === 0) return;
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

  /** Without versions, some providers can be asked to use a key that did not encrypt. */
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
    // What follows is about keys that the provider has, not about those that we happen to hold.
    this.#provider.dataKeys?.forget();
    const freshDecrypts = () => this.#decryptsTo(sealed.fresh, this.#here, this.#plaintext);
    const oldDecrypts = await this.#oldVersion(sealed.old, freshDecrypts);
    if (oldDecrypts && versions.revoke !== undefined)
      await this.#revoked(versions, pair.older, sealed.old, freshDecrypts);
  }

  /** A refusal counts where the new version is accepted: it is then about the version. */
  async #oldVersion(old: S, freshDecrypts: () => Promise<boolean>): Promise<boolean> {
    const test = 'old_version_decrypts';
    const fresh = await this.#trying(test, freshDecrypts);
    if (fresh === undefined) return false;
    if (!fresh) {
      this.#results.set(test, absent('the newest version does not decrypt either'));
      return false;
    }
    try {
      const isRight = await this.#decryptsTo(old, this.#here, this.#plaintext);
      this.#results.set(test, isRight ? passed : failed('the plaintext came back changed'));
      return isRight;
    } catch (error) {
      const { message } = asFailure(error);
      this.#results.set(test, tellsNothing(error) ? absent(message) : failed(message));
      return false;
    }
  }

  /** The old ciphertext, said to be of the new version: the key that is then taken is a wrong one. */
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
    try {
      const done = await this.#trying(test, () => this.#within((signal) => revoke(older, signal)).then(() => true));
      if (done === true) await this.#mustReject(test, [() => this.#decrypt(old, this.#here)], freshDecrypts);
    } finally {
      if (restore !== undefined) await this.#restored(test, (signal) => restore(older, signal));
    }
  }

  /** Also when the exporter is stopping: what stays revoked would be found so by whoever comes after us. */
  async #restored(test: SelfTest, restore: (signal: AbortSignal) => Promise<void>): Promise<void> {
    try {
      await within(this.#options.timeoutMs, new AbortController().signal, restore);
    } catch (error) {
      this.#results.set(test, absent(`the version could not be restored: ${asFailure(error).message}`));
    }
  }

  /**
   * @param attempts each must be refused.
   * @param control what is right must be accepted; asked before and after.
   */
  async #mustReject(
    test: SelfTest,
    attempts: readonly (() => Promise<Buffer>)[],
    control: () => Promise<boolean>,
  ): Promise<void> {
    const before = await this.#trying(test, control);
    if (before === undefined) return;
    if (!before) {
      this.#results.set(test, absent('what is right was not accepted before the test'));
      return;
    }
    let result = passed;
    for (const attempt of attempts) {
      result = await this.#refused(attempt);
      if (result.outcome !== 'passed') break;
    }
    this.#results.set(test, result);
    if (result.outcome !== 'passed') return;
    const after = await this.#trying(test, control);
    if (after === false) this.#results.set(test, absent('what is right was not accepted after the test'));
  }

  async #refused(attempt: () => Promise<Buffer>): Promise<TestResult> {
    try {
      const plaintext = await attempt();
      plaintext.fill(0);
      return failed('it was accepted');
    } catch (error) {
      return tellsNothing(error) ? absent(asFailure(error).message) : passed;
    }
  }

  /** @returns undefined when it failed: then the test is absent, because what it rests on is. */
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
    if (this.#breath.isDue) await this.#breath.take();
    return within(this.#options.timeoutMs, this.#options.stopping, work);
  }
}

/** A copy with one bit changed, so far along its length. */
function flipped(bytes: Buffer, share: number): Buffer {
  const copy = Buffer.from(bytes);
  const place = Math.floor(copy.length * share);
  copy[place] = (copy[place] ?? 0) ^ 0x01;
  return copy;
}
