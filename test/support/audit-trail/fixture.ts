import { randomBytes } from 'node:crypto';
import pg from 'pg';
import { type PostgresServer, startPostgres } from '../../../demo/postgres/index.js';
import { AuditMetrics } from '../../../exporters/audit-trail/metrics.js';
import type { Memory } from '../../../exporters/audit-trail/observer/memory.js';
import { type MemoryStore, newMemory } from '../../../exporters/audit-trail/observer/memory.js';
import { Observer } from '../../../exporters/audit-trail/observer/observer.js';
import type { ObserverOptions } from '../../../exporters/audit-trail/observer/options.js';
import type { Witness } from '../../../exporters/audit-trail/witness/index.js';
import { silentLogger } from '../../../exporters/runtime/log.js';
import { MetricStore } from '../../../exporters/runtime/metrics/index.js';
import type { AuditTrail } from '../../../pack/audit-trail/model.js';
import { type BorrowedServer, borrowPostgres } from '../postgres/borrowed.js';
import { auditTrail } from './domain.js';
import { auditSchema, businessTables, enrol } from './schema.js';

export const auditedTables = ['public.accounts', 'public.holdings', 'public.visits'] as const;

/** What a fixture needs of a server; a database of its own per test, because statistics are kept per database. */
type FixtureServer = Pick<BorrowedServer, 'adminUrl' | 'close'>;

/** For tests that leave the server as it is. */
export async function borrowAuditServer(major?: number): Promise<FixtureServer> {
  const given = process.env.KOP_TEST_POSTGRES_URL;
  return given === undefined ? borrowPostgres(major) : givenServer(given);
}

/** For tests that stop or configure it. */
export async function startAuditServer(settings: Readonly<Record<string, string>> = {}): Promise<PostgresServer> {
  const given = process.env.KOP_TEST_POSTGRES_URL;
  if (given !== undefined) return givenServer(given);
  return await startPostgres({
    settings: {
      track_functions: 'pl',
      track_commit_timestamp: 'on',
      max_prepared_transactions: '10',
      autovacuum: 'off',
      // A crash must not lose what was committed.
      synchronous_commit: 'on',
      ...settings,
    },
  });
}

/** A server of another major that is already there, with the settings above; it cannot be stopped. */
function givenServer(url: string): PostgresServer {
  const cannot = () => Promise.reject(new Error('KOP_TEST_POSTGRES_URL names a server that the tests may not stop'));
  const port = Number(new URL(url).port);
  return {
    url,
    adminUrl: url,
    port,
    dataDir: '',
    stop: cannot,
    start: cannot,
    kill: cannot,
    close: () => Promise.resolve(),
  };
}

export interface AuditFixture {
  /** Of a superuser. */
  readonly url: string;
  /** Of the observer's read-only role. */
  readonly observerUrl: string;
  readonly observerRole: string;
  readonly trail: AuditTrail;
  /** Each call in a session of its own, so that its counters are reported when it returns. */
  sql(text: string, params?: readonly unknown[]): Promise<pg.QueryResult>;
  /** A session that stays. */
  connect(): Promise<pg.Client>;
  close(): Promise<void>;
}

export interface FixtureOptions {
  /** Without tables, triggers and audit schema. */
  readonly isEmpty?: boolean;
  readonly trail?: Partial<AuditTrail>;
}

export async function auditFixture(server: FixtureServer, options: FixtureOptions = {}): Promise<AuditFixture> {
  const name = `t_${randomBytes(6).toString('hex')}`;
  const template = options.isEmpty === true ? 'template1' : await fullTemplate(server);
  await once(server.adminUrl, `create database ${name} template ${template} strategy file_copy`);
  const url = withDatabase(server.adminUrl, name);
  const password = randomBytes(9).toString('hex');
  const role = `${name}_observer`;
  const rights =
    options.isEmpty === true
      ? ''
      : `grant usage on schema audit to ${role}; grant select on all tables in schema public, audit to ${role};
         grant select on all sequences in schema audit to ${role}; grant pg_read_all_stats to ${role};
         grant execute on function pg_control_system(), pg_control_checkpoint() to ${role}`;
  await once(url, `create role ${role} login password '${password}'; ${rights}`);
  const observerUrl = withUser(url, role, password);
  const open: pg.Client[] = [];
  return {
    url,
    observerUrl,
    observerRole: role,
    trail: auditTrail(observerUrl, options.trail),
    sql: (text, params) => once(url, text, params),
    async connect() {
      const client = new pg.Client({ connectionString: url });
      client.on('error', () => undefined);
      await client.connect();
      open.push(client);
      return client;
    },
    async close() {
      await Promise.all(open.map((client) => client.end().catch(() => undefined)));
      await inSession(server.adminUrl, async (client) => {
        await client.query(`drop database if exists ${name} with (force)`).catch(() => undefined);
        await client.query(`drop role if exists ${role}`);
      }).catch(() => undefined);
    },
  };
}

const templates = new WeakMap<FixtureServer, Promise<string>>();

/** Made once per server: copying a database is much quicker than making its tables. */
function fullTemplate(server: FixtureServer): Promise<string> {
  const known = templates.get(server);
  if (known !== undefined) return known;
  const made = (async () => {
    await once(server.adminUrl, 'drop database if exists audited with (force)');
    await once(server.adminUrl, 'create database audited');
    await once(
      withDatabase(server.adminUrl, 'audited'),
      auditSchema + businessTables + auditedTables.map(enrol).join('\n'),
    );
    return 'audited';
  })();
  templates.set(server, made);
  return made;
}

function once(url: string, text: string, params?: readonly unknown[]): Promise<pg.QueryResult> {
  return inSession(url, (client) => client.query(text, params === undefined ? undefined : [...params]));
}

async function inSession<T>(url: string, work: (client: pg.Client) => Promise<T>): Promise<T> {
  const client = new pg.Client({ connectionString: url });
  client.on('error', () => undefined);
  await client.connect();
  try {
    return await work(client);
  } finally {
    await client.end();
  }
}

function withDatabase(url: string, name: string): string {
  const parsed = new URL(url);
  parsed.pathname = `/${name}`;
  return parsed.toString();
}

function withUser(url: string, user: string, password: string): string {
  const parsed = new URL(url);
  parsed.username = user;
  parsed.password = password;
  return parsed.toString();
}

export interface Watching {
  readonly observer: Observer;
  readonly memory: () => Memory;
  /** A quick look and a close one, until nothing more is to be resolved. */
  look(): Promise<void>;
  state(table: string): string | undefined;
  reason(table: string): string | undefined;
  /** Value of a series; undefined when there is none. */
  metric(name: string, labels?: Readonly<Record<string, string>>): number | undefined;
  close(): Promise<void>;
}

/** An observer of a fixture's trail. Settling takes no time here, because writers' sessions have ended. */
export function watch(
  fixture: Pick<AuditFixture, 'trail'>,
  options: {
    trail?: Partial<AuditTrail>;
    observer?: Partial<ObserverOptions>;
    store?: MemoryStore;
    declarations?: string;
    witness?: Witness;
  } = {},
): Watching {
  const metrics = new MetricStore();
  const trail = { ...fixture.trail, ...options.trail };
  let kept: Memory | undefined;
  const memory: MemoryStore = options.store ?? {
    load: (name) => Promise.resolve(kept ?? newMemory(name)),
    save: (next) => {
      kept = next;
      return Promise.resolve();
    },
  };
  const observer = new Observer(trail, {
    log: silentLogger,
    metrics: new AuditMetrics(metrics).trail(trail),
    memory,
    ...(options.declarations === undefined ? {} : { declarations: options.declarations }),
    ...(options.witness === undefined ? {} : { witness: options.witness }),
    options: { settleMs: 0, ...options.observer },
  });
  const signal = () => AbortSignal.timeout(30_000);
  return {
    observer,
    memory: () => observer.state.memory,
    async look() {
      for (let round = 0; round < 3; round += 1) {
        await observer.runFastChecks(signal());
        await observer.runExactChecks(signal());
        if (!observer.hasSuspicion) return;
      }
    },
    state: (table) => observer.state.memory.tables[table]?.state?.state,
    reason: (table) => observer.state.memory.tables[table]?.state?.reason,
    metric(name, labels = {}) {
      const family = metrics.families().find(({ decl }) => decl.name === name);
      const wanted = Object.entries(labels).map(([key, value]) => `${key}="${value}"`);
      const found = (family?.samples ?? []).filter((sample) =>
        wanted.every((text) => sample.labels.split(',').includes(text)),
      );
      const values = found.flatMap((sample) =>
        'value' in sample ? [sample.value] : [sample.counts.reduce((sum, n) => sum + n, 0)],
      );
      return values.length === 0 ? undefined : values.reduce((sum, value) => sum + value, 0);
    },
    close: () => observer.close(),
  };
}
