import type { ClientConfig, PoolConfig } from 'pg';
import type { DatabaseAccess } from '../../../pack/index.js';
import { connectionTarget } from '../../runtime/database/access.js';
import type { Redactor } from '../../runtime/log.js';
import { textSettings } from '../text-settings.js';

const CONNECT_WITHIN_MS = 10_000;
const IDLE_MS = 60_000;

export function clientConfig(access: DatabaseAccess, redactor?: Redactor): ClientConfig {
  return {
    ...connectionTarget(access, redactor),
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
