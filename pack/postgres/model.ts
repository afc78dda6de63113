import type { SecretText } from '../secrets/secret.js';

/** A database, and how much of it we may take. */
export interface DatabaseAccess {
  /** `postgres://user@host:port/database`, usually by reference because it may hold a password. */
  readonly url: SecretText;
  readonly password?: SecretText;
  readonly caFile?: string;
  readonly statementTimeoutMs: number;
  readonly maxConnections: number;
}
