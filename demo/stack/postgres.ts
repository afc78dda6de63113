import { join } from 'node:path';
import { type DemoDatabase, demoDatabase } from '../postgres/index.js';
import { type Running, type Service, ServiceFailed, type StackContext } from './service.js';

/** What `kop audit status` would ask for: it lets every equality of the audit trail be checked. */
const AUDITED = { track_functions: 'pl', track_commit_timestamp: 'on' };

export interface RunningDatabase extends Running {
  readonly database: DemoDatabase;
}

/** PostgreSQL for the portal: the server that DATABASE_URL names, or one of our own. */
export function postgres(options: { readonly keepData: boolean }): Service<RunningDatabase> {
  return {
    name: 'postgres',
    title: 'PostgreSQL',
    start: (context) => start(context, options.keepData),
  };
}

async function start({ folder }: StackContext, keepData: boolean): Promise<RunningDatabase> {
  // Without a folder it chooses a temporary one that the server's own user can reach; ours may lie in a private home.
  const db = await demoDatabase({
    settings: AUDITED,
    ...(keepData ? { dataDir: join(folder, 'postgres') } : {}),
  }).catch((error: unknown) => {
    throw new ServiceFailed(error instanceof Error ? error.message : String(error));
  });
  const { host, pathname } = new URL(db.url);
  return {
    address: `postgresql://${host}${pathname}`,
    detail: db.server === undefined ? 'yours, from DATABASE_URL' : 'started for this demo',
    database: db,
    stop: () => db.close(),
  };
}
