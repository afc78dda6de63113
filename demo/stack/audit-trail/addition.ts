import { existsSync } from 'node:fs';
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { stringify } from 'yaml';
import type { DemoDatabase } from '../../postgres/index.js';
import type { Addition, MakeAddition } from '../addition.js';
import type { StackContext } from '../service.js';
import { installTrail, runKop } from './install.js';

export interface AuditAdditionOptions {
  readonly database: DemoDatabase;
  /** Entry of `auditTrails:` that it adds to. Default kingston. */
  readonly name?: string;
  /** Time between two polls of counters and catalogue; the intervals of exact checks and checkpoints depend on it. */
  readonly pollSeconds: number;
}

const ORIGIN = 'demo.kingston.example/audit';

/**
 * The audit trail of the demo, made as an operator makes one: the SQL and the key come from `kop audit`. In somebody
 * else's database nothing is installed; the observer then reports the portal as it is, with no trail at all.
 */
export function auditAddition({ database, name = 'kingston', pollSeconds }: AuditAdditionOptions): MakeAddition {
  return async (context) => {
    const folder = join(context.folder, 'audit');
    await mkdir(folder, { recursive: true, mode: 0o700 });
    const { server } = database;
    if (server === undefined) return addition(name, database.url, {});
    const observerUrl = await installTrail(server.adminUrl, context.signal);
    return addition(name, observerUrl, await installedParts(folder, pollSeconds, context));
  };
}

function addition(name: string, databaseUrl: string, parts: object): Addition {
  const trail = { database: { url: `\${env:KINGSTON_AUDIT_DATABASE_URL}` }, ...parts };
  const overlay = stringify({ auditTrails: { [name]: trail } });
  return {
    name: 'audit-trail',
    text: `# The audit trail of the demo portal; merged over pack.yaml.\n${overlay}`,
    secrets: { KINGSTON_AUDIT_DATABASE_URL: databaseUrl },
    env: {},
    missing: [],
  };
}

async function installedParts(folder: string, pollSeconds: number, { signal }: StackContext): Promise<object> {
  const keyFile = join(folder, 'seal-key.pem');
  // With kept data the log goes on, and only under its own key.
  if (!existsSync(keyFile)) await runKop(['audit', 'keygen', '--origin', ORIGIN, '--out', keyFile], signal);
  return {
    records: { preset: 'kop' },
    // The stand-in does not record the actor, like the real portal.
    attribution: { required: ['at', 'rowKey'] },
    observe: {
      interval: `${pollSeconds}s`,
      confirmInterval: `${2 * pollSeconds}s`,
      // All of the demo's rows in each full scan, because a user waits for a fault to be detected.
      replayRowsPerCycle: 100_000,
      maxLoad: '50%',
    },
    seal: {
      origin: ORIGIN,
      key: `\${file:${keyFile}}`,
      directory: join(folder, 'seal'),
      interval: `${2 * pollSeconds}s`,
      verifyWithin: '5m',
      anchors: [{ kind: 'directory', name: 'second-folder', directory: join(folder, 'anchor') }],
    },
  };
}
