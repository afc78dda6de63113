import type { ClientBase } from 'pg';

/**
 * Whether something between us and the server shares connections. A server tells each client at the start which process
 * serves it, and a pooler makes up a number of its own, because it may be another process for each transaction.
 *
 * @param pid what `pg_backend_pid()` says.
 */
export function isThroughPooler(client: ClientBase, pid: number): boolean {
  const told = 'processID' in client && typeof client.processID === 'number' ? client.processID : undefined;
  return told !== undefined && told !== pid;
}
