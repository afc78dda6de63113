import type { ConnectionOptions } from 'node:tls';
import type { ClientConfig } from 'pg';
import type { DatabaseAccess } from '../../../pack/index.js';
import { readBounded, UnreadableFile } from '../../../pack/reading/bounded-file.js';
import type { Redactor } from '../redactor.js';

const CONNECT_WITHIN_MS = 10_000;
const MAX_FILE_BYTES = 1024 * 1024;

/** libpq's TLS parameters; the driver interprets them differently in different versions. */
const tlsParameters = ['sslmode', 'sslrootcert', 'ssl', 'sslcert', 'sslkey', 'uselibpqcompat'] as const;

/**
 * How to connect to the database of a `database:` block, the same for every section of `pack.yaml`.
 *
 * `sslmode` in the address decides on TLS: `verify-full` checks certificate and name, `verify-ca` the certificate,
 * `disable` is plain text. `require`, `prefer` and `allow` are stricter here than in libpq and mean `verify-full`:
 * without a check, an attacker on the network path can read everything, or pretend that there is no TLS. `no-verify`
 * accepts any certificate. Without `sslmode`, a file of authorities means `verify-full`, and none means plain text.
 *
 * Authorities come from `caFile`, else from `sslrootcert` in the address, else from Node (`sslrootcert=system` says
 * so). `sslcert` and `sslkey` are the client's certificate and its key.
 *
 * @param application shown to the database's administrator.
 * @throws {SecretUnavailable | UnreadableFile} the message names the variable or the file.
 */
export function connectionConfig(access: DatabaseAccess, application: string, redactor?: Redactor): ClientConfig {
  const url = new URL(access.url.reveal());
  const password = access.password?.reveal();
  for (const secret of [password, decodeURIComponent(url.password)]) if (secret) redactor?.add(secret);
  const ssl = tlsOptions(url.searchParams, access.caFile);
  for (const name of tlsParameters) url.searchParams.delete(name);
  if (password !== undefined) url.password = encodeURIComponent(password);
  return {
    connectionString: url.toString(),
    ssl,
    application_name: application,
    connectionTimeoutMillis: CONNECT_WITHIN_MS,
    keepAlive: true,
  };
}

function tlsOptions(address: URLSearchParams, caFile: string | undefined): false | ConnectionOptions {
  const rootFile = caFile ?? address.get('sslrootcert') ?? undefined;
  const mode = address.get('sslmode') ?? (rootFile === undefined ? 'disable' : 'verify-full');
  if (mode === 'disable') return false;
  const certificate = address.get('sslcert');
  const key = address.get('sslkey');
  return {
    ...(rootFile === undefined || rootFile === 'system' ? {} : { ca: contentOf('caFile', rootFile) }),
    ...(certificate === null ? {} : { cert: contentOf('sslcert', certificate) }),
    ...(key === null ? {} : { key: contentOf('sslkey', key) }),
    rejectUnauthorized: mode !== 'no-verify',
    ...(mode === 'verify-ca' ? { checkServerIdentity: () => undefined } : {}),
  };
}

function contentOf(what: string, path: string): string {
  try {
    return readBounded(path, MAX_FILE_BYTES).bytes.toString('utf8');
  } catch (cause) {
    if (!(cause instanceof UnreadableFile)) throw cause;
    throw new UnreadableFile(`the database's ${what} ${path} ${cause.message}`, cause.expected, { cause });
  }
}
