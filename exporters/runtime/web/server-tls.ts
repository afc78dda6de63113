import type { SecureContextOptions } from 'node:tls';
import type { ClientAuthType } from './tls-names.js';

export interface ServerTls {
  readonly context: SecureContextOptions;
  readonly clientAuth: ClientAuthType;
  /** The client's certificate must contain one of these names. */
  readonly allowedSans?: readonly string[];
}
