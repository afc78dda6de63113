import type { EncryptionError, EncryptionUncertain } from '../../../pack/encryption/metrics.js';
import { SecretUnavailable } from '../../../pack/index.js';
import { UnreadableFile } from '../../../pack/reading/bounded-file.js';
import { ourFaultOf } from '../../runtime/portal/http/failure.js';
import { machineFault } from '../../runtime/portal/http/machine-fault.js';

/**
 * Why a provider did not do what it was asked.
 *
 * The sentence is always ours: nothing that a server, a driver or a token wrote is repeated in it, and no `cause`
 * hangs behind it. A portal echoes what it was sent, a database function raises with its argument, and either would
 * carry a canary, a passphrase or a token into a log.
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
 * A failure of the exporter, or of what it was set up with. It says nothing of the provider: what was asked of it is
 * neither met nor failed, and is counted with this fault. Whoever only wants to know whether there was an answer reads
 * `unavailable`.
 */
export class ExporterFault extends ProviderFailure {
  readonly fault: EncryptionUncertain;

  constructor(fault: EncryptionUncertain, detail: string) {
    super('unavailable', detail);
    this.fault = fault;
  }
}

/** The session was lost. `open` makes another one, so one more try may help; a second refusal is a plain failure. */
export class SessionLost extends ProviderFailure {
  constructor(detail: string) {
    super('auth', detail);
  }
}

/** A test that this provider, or this account at it, does not allow to be made. */
export class NotPossible extends Error {
  override readonly name = 'NotPossible';
}

/** Integrity and protocol are answers; these say that nobody could be asked. */
export function isAvailability(reason: EncryptionError): boolean {
  return reason === 'timeout' || reason === 'unavailable' || reason === 'throttled';
}

/** What an unexpected error is called: its kind, never its message. */
export function asFailure(error: unknown): ProviderFailure {
  if (error instanceof ProviderFailure) return error;
  // It names the variable or the file, and has no value to tell.
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
