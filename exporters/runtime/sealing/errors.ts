import type { VerificationKind } from '../../../pack/sealing/model.js';

/** Evidence contradicts itself: something was rewritten, rolled back, forked or swapped. A person must act. */
export class SealRefused extends Error {
  override readonly name = 'SealRefused';
  readonly kind: VerificationKind;

  constructor(kind: VerificationKind, message: string, options?: ErrorOptions) {
    super(message, options);
    this.kind = kind;
  }
}

/** Sealing or verifying is not possible now; the message says how to fix that. Nothing is proven broken. */
export class SealUnavailable extends Error {
  override readonly name: string = 'SealUnavailable';
}

/** Another sealer has the log, or seemed to have it a moment ago. Whoever waits becomes its sealer when that one is gone. */
export class SealHeld extends SealUnavailable {
  override readonly name = 'SealHeld';
}
