import type { SecureContextOptions } from 'node:tls';
import type { ClientAuthType } from './tls-names.js';

export interface ServerTls {
  readonly context: SecureContextOptions;
  readonly clientAuth: ClientAuthType;
  /** Names of which the client's certificate must carry one. */
  readonly allowedSans?: readonly string[];
}
