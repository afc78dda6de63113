import { execFile } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { join } from 'node:path';
import { promisify } from 'node:util';
import pg from 'pg';
import { packageRoot } from '../../../pack/index.js';
import { ServiceFailed } from '../service.js';

const run = promisify(execFile);
const OBSERVER = 'kop_demo_observer';
const MAX_SQL_BYTES = 10_000_000;

/** Installs the writer component on every table of the portal. @returns the address for a role that only reads. */
export async function installTrail(adminUrl: string, signal: AbortSignal): Promise<string> {
  const sql = await runKop(['audit', 'install', '--tables', 'public.*', '--baseline'], signal);
  const password = randomBytes(18).toString('base64url');
  const client = new pg.Client({ connectionString: adminUrl, application_name: 'kop-demo-audit-install' });
  client.on('error', () => undefined);
  try {
    await client.connect();
    await client.query(sql);
    const { rowCount } = await client.query('select from pg_roles where rolname = $1', [OBSERVER]);
    const verb = rowCount === 0 ? 'create' : 'alter';
    await client.query(`${verb} role ${OBSERVER} login password ${client.escapeLiteral(password)}`);
    await client.query(`grant kop_audit_observer, kop_audit_sealer, pg_read_all_stats to ${OBSERVER}`);
  } catch (error) {
    throw new ServiceFailed(
      `The audit trail could not be installed: ${error instanceof Error ? error.message : String(error)}`,
    );
  } finally {
    await client.end().catch(() => undefined);
  }
  const url = new URL(adminUrl);
  url.username = OBSERVER;
  url.password = password;
  return url.href;
}

/** The command line as an operator uses it. @returns what it printed. */
export async function runKop(args: readonly string[], signal: AbortSignal): Promise<string> {
  const program = join(packageRoot(), 'dist', 'cli', 'kop.js');
  try {
    const { stdout } = await run(process.execPath, [program, ...args], { signal, maxBuffer: MAX_SQL_BYTES });
    return stdout;
  } catch (error) {
    signal.throwIfAborted();
    throw new ServiceFailed(
      `kop ${args.slice(0, 2).join(' ')} failed: ${error instanceof Error ? error.message : String(error)}`,
    );
  }
}
