import type { EncryptionError } from '../../../pack/encryption/metrics.js';
import { ExporterFault, ProviderFailure, systemFault } from './failure.js';

const reasons: Readonly<Record<string, EncryptionError>> = {
  ThrottlingException: 'throttled',
  TooManyRequestsException: 'throttled',
  LimitExceededException: 'throttled',
  RequestLimitExceeded: 'throttled',
  AccessDeniedException: 'auth',
  AccessDenied: 'auth',
  NotAuthorizedException: 'auth',
  UnrecognizedClientException: 'auth',
  InvalidClientTokenId: 'auth',
  InvalidSignatureException: 'auth',
  SignatureDoesNotMatch: 'auth',
  IncompleteSignatureException: 'auth',
  MissingAuthenticationTokenException: 'auth',
  ExpiredTokenException: 'auth',
  // A key that was disabled, or is to be deleted: it is there, and may not be used.
  DisabledException: 'auth',
  KMSInvalidStateException: 'auth',
  InvalidGrantTokenException: 'auth',
  InvalidCiphertextException: 'integrity',
  IncorrectKeyException: 'integrity',
  KMSInternalException: 'unavailable',
  DependencyTimeoutException: 'unavailable',
  KeyUnavailableException: 'unavailable',
  ServiceUnavailableException: 'unavailable',
  InternalFailure: 'unavailable',
  TimeoutError: 'timeout',
  AbortError: 'timeout',
};

/** The name of the exception only: its message holds key ids and accounts. */
export async function kmsFailure(error: unknown): Promise<ProviderFailure> {
  if (error instanceof ProviderFailure) return error;
  if (!(error instanceof Error)) return new ProviderFailure('protocol', 'the key service failed');
  const known = reasons[error.name];
  // Nothing was sent: the environment holds none.
  if (error.name === 'CredentialsProviderError') return new ExporterFault('secret', 'no credentials for AWS are found');
  if (known !== undefined) return new ProviderFailure(known, `the key service answered ${error.name}`);
  const status = statusOf(error);
  if (status === undefined) {
    const code = 'code' in error && typeof error.code === 'string' ? ` (${error.code})` : '';
    const what = 'the key service cannot be reached';
    return (await systemFault(error, what)) ?? new ProviderFailure('unavailable', `${what}${code}`);
  }
  if (status === 429) return new ProviderFailure('throttled', 'the key service answered status 429');
  return new ProviderFailure(
    status >= 500 ? 'unavailable' : 'protocol',
    `the key service answered status ${status}, ${/^[A-Za-z]+$/.test(error.name) ? error.name : 'unknown'}`,
  );
}

function statusOf(error: Error): number | undefined {
  const metadata: unknown = '$metadata' in error ? error.$metadata : undefined;
  if (typeof metadata !== 'object' || metadata === null || !('httpStatusCode' in metadata)) return undefined;
  return typeof metadata.httpStatusCode === 'number' ? metadata.httpStatusCode : undefined;
}
