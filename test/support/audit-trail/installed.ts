import { randomBytes } from 'node:crypto';
import pg from 'pg';
import { installSql } from '../../../exporters/audit-trail/writer/index.js';
import type { AuditRecords, AuditTrail } from '../../../pack/audit-trail/model.js';
import { auditPresets } from '../../../pack/audit-trail/presets.js';
import { borrowPostgres } from '../postgres/borrowed.js';
import { startMajor, type TestServer } from '../postgres/majors.js';
import { auditTrail, ownRecords } from './domain.js';
import { businessTables } from './schema.js';
import { startWriters, type WriterOptions, type Writers } from './writers.js';

/** Who may look at the databases of a server on which the trail was installed as `kop audit install` prints it. */
const OBSERVER = 'observer';

/** What the preset knows; the tests must not have their own idea of the columns. */
export const installedRecords: AuditRecords = {
  ...ownRecords,
  ...auditPresets.kop,
  columns: { ...ownRecords.columns, ...auditPresets.kop.columns },
};

/** Of rows that no writer touches: each a transaction of its own, and the visits of a year are all in one. */
const HISTORY = [
  "set audit.actor = 'ann'",
  'update accounts set balance = 10 where id <= 10',
  'update accounts set balance = 20 where id <= 10',
  'update holdings set units = 2 where account_id <= 9005',
  "insert into visits (at, what) values ('2026-02-01', 'quiet'), ('2026-08-01', 'quiet')",
];

const QUIET_ROWS = `
  insert into public.accounts (name, balance, score, details) select 'quiet', i, i / 3.0, jsonb_build_object('i', i) from generate_series(1, 20) i;
  insert into public.holdings select 9000 + i, 'quiet', i from generate_series(1, 10) i;
  insert into public.visits (at, what) select '2026-03-01', 'quiet' from generate_series(1, 5);
  insert into public.visits (at, what) select '2026-09-01', 'quiet' from generate_series(1, 5);`;

type Installable = Pick<TestServer, 'url' | 'database' | 'close'>;

export interface InstalledServer<S extends Installable = Installable> {
  readonly server: S;
  readonly major: number;
  /** Copied for each office. */
  readonly template: string;
  readonly password: string;
  close(): Promise<void>;
}

/** A database on a borrowed server in which the writer plane is installed. */
export async function borrowInstalled(major: number): Promise<InstalledServer> {
  const { adminUrl, ...rest } = await borrowPostgres(major);
  return installOn({ ...rest, url: adminUrl }, major);
}

/** Of a server of which all can be observed. */
export const observedSettings = {
  track_functions: 'pl',
  track_commit_timestamp: 'on',
  max_prepared_transactions: '20',
  max_connections: '300',
  wal_level: 'logical',
  // Its transactions would hold the watermark back for moments, and its work the tests.
  autovacuum: 'off',
} as const;

/** The same on a server that is stopped, restored or configured. */
export async function startInstalled(
  major: number,
  settings: Readonly<Record<string, string>> = {},
): Promise<InstalledServer<TestServer>> {
  const server = await startMajor(major, { ...observedSettings, ...settings });
  return installOn(server, major);
}

async function installOn<S extends Installable>(server: S, major: number): Promise<InstalledServer<S>> {
  try {
    const password = randomBytes(9).toString('hex');
    const url = await server.database('installed');
    await inSession(url, [
      businessTables + QUIET_ROWS,
      installSql({ scope: { include: ['public.*'], exclude: [] }, baseline: true }),
      `create role ${OBSERVER} login password '${password}' in role kop_audit_observer, pg_read_all_stats`,
      ...HISTORY,
    ]);
    return { server, major, template: 'installed', password, close: () => server.close() };
  } catch (error) {
    await server.close();
    throw error;
  }
}

/** A database with people at work in it. */
export interface Office {
  readonly server: InstalledServer;
  readonly name: string;
  /** Of a superuser. */
  readonly url: string;
  readonly trail: AuditTrail;
  readonly writers: Writers;
  /** In one session of its own, each text by itself; its counters are reported when it ends. */
  sql(...texts: readonly string[]): Promise<pg.QueryResult[]>;
  connect(): Promise<pg.Client>;
  close(): Promise<void>;
}

export interface OfficeOptions {
  /** Before anybody works or looks. */
  readonly prepare?: string | undefined;
  readonly trail?: Partial<AuditTrail>;
  readonly writers?: Partial<WriterOptions>;
  /** The address by which people work, when it is not that of the server. */
  readonly worksAt?: (url: string) => string;
}

let offices = 0;

export async function openOffice(installed: InstalledServer, options: OfficeOptions = {}): Promise<Office> {
  offices += 1;
  const name = `office_${process.pid}_${offices}`;
  const url = await installed.server.database(name, installed.template);
  const sql = (...texts: readonly string[]) => inSession(url, texts);
  if (options.prepare !== undefined) await sql(options.prepare);
  const observerUrl = new URL(url);
  observerUrl.username = OBSERVER;
  observerUrl.password = installed.password;
  const open: pg.Client[] = [];
  const { worksAt = (server) => server } = options;
  const writers = await startWriters({
    url: worksAt(url),
    pauseMs: 1200,
    isPatient: true,
    isPrompt: true,
    ...options.writers,
  });
  return {
    server: installed,
    name,
    url,
    trail: auditTrail(observerUrl.toString(), { records: installedRecords, ...options.trail }),
    writers,
    sql,
    async connect() {
      const client = await openClient(url);
      open.push(client);
      return client;
    },
    async close() {
      await writers.stop().catch(() => undefined);
      await Promise.all(open.map((client) => client.end().catch(() => undefined)));
      await inSession(installed.server.url, [`drop database if exists ${name} with (force)`]).catch(() => undefined);
    },
  };
}

async function inSession(url: string, texts: readonly string[]): Promise<pg.QueryResult[]> {
  const client = await openClient(url);
  try {
    const results: pg.QueryResult[] = [];
    for (const text of texts) results.push(await client.query(text));
    return results;
  } finally {
    await client.end();
  }
}

async function openClient(url: string): Promise<pg.Client> {
  const client = new pg.Client({ connectionString: url, application_name: 'office' });
  client.on('error', () => undefined);
  await client.connect();
  return client;
}
