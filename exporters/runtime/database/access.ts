import type { ConnectionOptions } from 'node:tls';
import { readBounded, UnreadableFile } from '../../../pack/bounded-file.js';
import type { DatabaseAccess } from '../../../pack/index.js';
import type { Redactor } from '../redactor.js';

const MAX_CA_BYTES = 1024 * 1024;

export interface ConnectionTarget {
  readonly connectionString: string;
  readonly ssl: false | ConnectionOptions;
}

/** The sslmode words of libpq that are about TLS; the driver reads them in ways that change between its versions. */
const sslParameters = ['sslmode', 'sslrootcert', 'ssl', 'sslcert', 'sslkey', 'uselibpqcompat'] as const;

/**
 * Where a database is and how to speak with it. `sslmode` in the address decides on TLS: `require`, `verify-ca` and
 * `verify-full` all check the certificate (against `caFile` when there is one), `no-verify` takes any, none or
 * `disable` is plain text. A `caFile` alone means `verify-full`, and so do `prefer` and `allow`: whoever stands in between
 * could say that there is no TLS.
 *
 * @throws {UnreadableFile} about the file of authorities; the message names it.
 */
export function connectionTarget(access: DatabaseAccess, redactor?: Redactor): ConnectionTarget {
  const url = new URL(access.url.reveal());
  const password = access.password?.reveal();
  for (const secret of [password, decodeURIComponent(url.password)]) if (secret) redactor?.add(secret);
  const mode = url.searchParams.get('sslmode') ?? (access.caFile === undefined ? 'disable' : 'verify-full');
  const caFile = access.caFile ?? url.searchParams.get('sslrootcert') ?? undefined;
  for (const name of sslParameters) url.searchParams.delete(name);
  if (password !== undefined) url.password = encodeURIComponent(password);
  return { connectionString: url.toString(), ssl: tlsOptions(mode, caFile) };
}

function tlsOptions(mode: string, caFile: string | undefined): false | ConnectionOptions {
  const ca = caFile === undefined ? {} : { ca: authorities(caFile) };
  switch (mode) {
    case 'disable':
      return false;
    case 'no-verify':
      return { rejectUnauthorized: false };
    case 'verify-ca':
      return { rejectUnauthorized: true, checkServerIdentity: () => undefined, ...ca };
    default:
      return { rejectUnauthorized: true, ...ca };
  }
}

function authorities(caFile: string): string {
  try {
    return readBounded(caFile, MAX_CA_BYTES).bytes.toString('utf8');
  } catch (cause) {
    if (!(cause instanceof UnreadableFile)) throw cause;
    throw new UnreadableFile(`the database's caFile ${caFile} ${cause.message}`, cause.expected, { cause });
  }
}
