import type { EncryptionError, EncryptionUncertain } from '../../../pack/encryption/metrics.js';
import { UnreadableFile } from '../../../pack/reading/bounded-file.js';
import { SecretUnavailable } from '../../../pack/secrets/secret.js';
import { ourFaultOf } from '../../runtime/portal/http/failure.js';
import { machineFault } from '../../runtime/portal/http/machine-fault.js';

/**
 * Why an operation of a provider failed.
 *
 * The message is always our own text: it repeats nothing that a server, a driver or a token wrote, and has no `cause`.
 * A portal may echo the request, and a database function may raise an error with its argument; both could put a canary,
 * a passphrase or a token into a log.
 */
export class ProviderFailure extends Error {
  override readonly name = 'ProviderFailure';
  readonly reason: EncryptionError;

  constructor(reason: EncryptionError, detail: string) {
    super(detail);
    this.reason = reason;
  }
}

/**
 * A failure of the exporter, or of its set-up. It gives no information about the provider: the operation is neither met
 * nor failed, and is counted with this fault. For code that only needs to know whether there was an answer, its reason
 * is `unavailable`.
 */
export class ExporterFault extends ProviderFailure {
  readonly fault: EncryptionUncertain;

  constructor(fault: EncryptionUncertain, detail: string) {
    super('unavailable', detail);
    this.fault = fault;
  }
}

/** The session was lost. `open` creates another one, so one retry may help; a second refusal is an ordinary failure. */
export class SessionLost extends ProviderFailure {
  constructor(detail: string) {
    super('auth', detail);
  }
}

/** A test that this provider, or this account, does not allow. */
export class NotPossible extends Error {
  override readonly name = 'NotPossible';
}

/** Integrity and protocol errors are answers; these reasons mean that the provider could not be reached. */
export function isAvailability(reason: EncryptionError): boolean {
  return reason === 'timeout' || reason === 'unavailable' || reason === 'throttled';
}

/** The text for an unexpected error: its kind, never its message. */
export function asFailure(error: unknown): ProviderFailure {
  if (error instanceof ProviderFailure) return error;
  // Its message names the variable or the file, and contains no value.
  if (error instanceof SecretUnavailable) return new ExporterFault('secret', error.message);
  const fault = ourFaultOf(error, 'this machine');
  if (fault !== undefined) return new ExporterFault(fault.fault, fault.message);
  if (error instanceof UnreadableFile) return new ExporterFault('secret', error.message);
  return new ExporterFault(
    'internal',
    `unexpected ${error instanceof Error ? error.name : typeof error} in the exporter`,
  );
}

/** The fault of this machine behind a failure to connect, if there is one. @param where begins the sentence. */
export async function systemFault(error: unknown, where: string): Promise<ExporterFault | undefined> {
  const ours = await machineFault(error, where);
  return ours === undefined ? undefined : new ExporterFault(ours.fault, ours.message);
}
