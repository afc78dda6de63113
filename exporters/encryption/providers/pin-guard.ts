import { createHmac, randomBytes, timingSafeEqual } from 'node:crypto';
import { performance } from 'node:perf_hooks';
import { ProviderFailure } from './failure.js';

/** A token counts refused PINs, and after a few in a row it locks, for the portal as well. */
const RETRY_AFTER_MS = 3_600_000;

/** The token was not asked, or has refused: nothing is to be tried again at once. */
export class PinRefused extends ProviderFailure {
  constructor(detail: string) {
    super('auth', detail);
  }
}

interface TokenInfo {
  readonly serialNumber: string;
  readonly flags: number;
}

interface PinFlags {
  readonly CKF_USER_PIN_FINAL_TRY: number;
  readonly CKF_USER_PIN_LOCKED: number;
}

/** Whether a PIN may be tried. Remembers the one that was refused, as a keyed digest, and not the PIN. */
export class PinGuard {
  readonly #salt = randomBytes(32);
  #refused: { readonly digest: Buffer; readonly atMs: number; readonly time: string } | undefined;

  /** @throws {PinRefused} when this PIN is not to be tried now, with the reason. */
  check(pin: string, token: TokenInfo, flags: PinFlags): void {
    if ((token.flags & flags.CKF_USER_PIN_LOCKED) !== 0) {
      throw new PinRefused('the token says that its PIN is locked; it has to be unlocked by its security officer');
    }
    if ((token.flags & flags.CKF_USER_PIN_FINAL_TRY) !== 0) {
      throw new PinRefused(
        'the token says that the next wrong PIN locks it, so none is tried; log in once with the right one by other means',
      );
    }
    const refused = this.#refused;
    if (refused === undefined || !timingSafeEqual(refused.digest, this.#digest(pin, token))) return;
    if (performance.now() - refused.atMs >= RETRY_AFTER_MS) return;
    throw new PinRefused(
      `the token refused this PIN at ${refused.time}; it is tried again an hour later, and another PIN at once`,
    );
  }

  refused(pin: string, token: TokenInfo): void {
    this.#refused = { digest: this.#digest(pin, token), atMs: performance.now(), time: new Date().toISOString() };
  }

  accepted(): void {
    this.#refused = undefined;
  }

  /** With the token: one that was made anew has refused nothing yet. */
  #digest(pin: string, { serialNumber }: TokenInfo): Buffer {
    return createHmac('sha256', this.#salt).update(serialNumber).update('\0').update(pin).digest();
  }
}
