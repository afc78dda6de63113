import { existsSync } from 'node:fs';
import { join } from 'node:path';
import pg from 'pg';
import { stringify } from 'yaml';
import type { ComplianceBoard } from '../../../pack/compliance/model/index.js';
import type { DemoDatabase } from '../../postgres/index.js';
import type { Addition, MakeAddition } from '../addition.js';
import { runKop } from '../audit-trail/install.js';
import { limitedRole } from '../limited-role.js';
import { writeBoardFiles } from './files.js';
import { REGISTERS_SQL } from './registers.js';

export interface ComplianceAdditionOptions {
  readonly database: DemoDatabase;
  readonly board: ComplianceBoard;
  /** Where the demo's Prometheus will be, if there is one. */
  readonly prometheusUrl: string;
  /** Between two evaluations of each control. */
  readonly everySeconds: number;
}

const DATABASE_ENV = 'KINGSTON_COMPLIANCE_DATABASE_URL';
const ORIGIN = 'demo.kingston.example/compliance';
const ROLE = 'kop_demo_compliance';

/**
 * The compliance board of the demo: registers in a schema of their own, and the files of a compliance officer. In somebody
 * else's database nothing is installed; what the registers would tell is unknown then.
 */
export function complianceAddition(options: ComplianceAdditionOptions): MakeAddition {
  return async ({ folder, signal }): Promise<Addition> => {
    const { database, board, prometheusUrl, everySeconds } = options;
    const files = await writeBoardFiles(join(folder, 'compliance'), board, everySeconds);
    const keyFile = join(folder, 'compliance', 'seal-key.pem');
    // With kept data the log goes on, and only under its own key.
    if (!existsSync(keyFile)) await runKop(['audit', 'keygen', '--origin', ORIGIN, '--out', keyFile], signal);
    const databaseUrl = database.server === undefined ? database.url : await installedRegisters(database);
    const overlay = {
      compliance: {
        [board.name]: {
          ...files,
          prometheus: { url: prometheusUrl },
          evidence: {
            seal: {
              origin: ORIGIN,
              key: `\${file:${keyFile}}`,
              directory: join(folder, 'compliance', 'seal'),
              interval: `${2 * everySeconds}s`,
            },
          },
          databases: { portal: { url: `\${env:${DATABASE_ENV}}` } },
        },
      },
    };
    return {
      name: 'compliance',
      text: `# The compliance board of the demo; merged over pack.yaml.\n${stringify(overlay)}`,
      secrets: { [DATABASE_ENV]: databaseUrl },
      env: {},
      missing: [],
    };
  };
}

/** @returns the address for a role that reads this schema and nothing else. */
async function installedRegisters({ url, adminUrl }: DemoDatabase): Promise<string> {
  const client = new pg.Client({ connectionString: adminUrl, application_name: 'kop-demo-compliance' });
  client.on('error', () => undefined);
  await client.connect();
  try {
    await client.query(REGISTERS_SQL);
    return await limitedRole(client, url, ROLE, grants);
  } finally {
    await client.end().catch(() => undefined);
  }
}

const grants = `
grant usage on schema compliance to ${ROLE};
grant select on all tables in schema compliance to ${ROLE};
`;
