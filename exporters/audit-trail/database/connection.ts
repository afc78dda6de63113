import { readFileSync } from 'node:fs';
import type { ConnectionOptions } from 'node:tls';
import type { ClientConfig, PoolConfig } from 'pg';
import type { DatabaseAccess } from '../../../pack/index.js';
import type { Redactor } from '../../runtime/log.js';
import { textSettings } from '../text-settings.js';

const CONNECT_WITHIN_MS = 10_000;
const IDLE_MS = 60_000;

/** The sslmode words of libpq that are about TLS; the driver reads them in ways that change between its versions. */
const sslParameters = ['sslmode', 'sslrootcert', 'ssl', 'sslcert', 'sslkey', 'uselibpqcompat'] as const;

/**
 * How to connect. `sslmode` in the address decides on TLS: `require`, `verify-ca` and `verify-full` all check the
 * certificate (against `caFile` when there is one), `no-verify` takes any, none or `disable` is plain text. A
 * `caFile` alone means `verify-full`. So do `prefer` and `allow`: whoever asks for TLS where there is some must not get
 * plain text from whoever stands in between and says that there is none.
 */
export function clientConfig(access: DatabaseAccess, redactor?: Redactor): ClientConfig {
  const url = new URL(access.url.reveal());
  const password = access.password?.reveal();
  for (const secret of [password, decodeURIComponent(url.password)]) if (secret) redactor?.add(secret);
  const mode = url.searchParams.get('sslmode') ?? (access.caFile === undefined ? 'disable' : 'verify-full');
  const caFile = access.caFile ?? url.searchParams.get('sslrootcert') ?? undefined;
  for (const name of sslParameters) url.searchParams.delete(name);
  if (password !== undefined) url.password = encodeURIComponent(password);
  return {
    connectionString: url.toString(),
    ssl: tlsOptions(mode, caFile),
    connectionTimeoutMillis: CONNECT_WITHIN_MS,
    keepAlive: true,
  };
}

export function poolConfig(access: DatabaseAccess, redactor?: Redactor): PoolConfig {
  return {
    ...clientConfig(access, redactor),
    max: access.maxConnections,
    idleTimeoutMillis: IDLE_MS,
    // A pool must not keep a process alive that has nothing else to do.
    allowExitOnIdle: true,
    application_name: 'kop-audit-observer',
  };
}

function tlsOptions(mode: string, caFile: string | undefined): false | ConnectionOptions {
  const ca = caFile === undefined ? {} : { ca: readFileSync(caFile, 'utf8') };
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

/**
 * Settings of every transaction, so that neither a pooler nor anything else can make two looks differ. Texts must
 * not depend on the server's own configuration, and a policy must make a query fail, not make rows disappear.
 */
export function pinnedSettings(access: DatabaseAccess): Readonly<Record<string, string>> {
  return {
    application_name: 'kop-audit-observer',
    row_security: 'off',
    statement_timeout: `${access.statementTimeoutMs}ms`,
    lock_timeout: '2s',
    idle_in_transaction_session_timeout: `${Math.max(access.statementTimeoutMs, 10_000)}ms`,
    stats_fetch_consistency: 'snapshot',
    search_path: 'pg_catalog',
    ...textSettings,
    // Parallel workers of an observer would take the place of the portal's own.
    max_parallel_workers_per_gather: '0',
    jit: 'off',
    // Behind stale statistics the planner expects next to nothing of a row's history, and sorts all of it to find its newest
    // record, for each record anew. This leaves it the index order; without such an index it sorts all the same.
    enable_sort: 'off',
    // For the same reason it takes reading a whole partition for the cheapest way to one id. Tables without an index are
    // still read whole.
    enable_seqscan: 'off',
  };
}
