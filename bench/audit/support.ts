import { randomBytes } from 'node:crypto';
import { loadavg } from 'node:os';
import { setTimeout as sleep } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import pg from 'pg';
import { type PostgresServer, startPostgres } from '../../demo/postgres/index.js';
import { AuditMetrics } from '../../exporters/audit-trail/metrics.js';
import { newMemory } from '../../exporters/audit-trail/observer/memory.js';
import { Observer } from '../../exporters/audit-trail/observer/observer.js';
import { installSql } from '../../exporters/audit-trail/writer/index.js';
import { silentLogger } from '../../exporters/runtime/log.js';
import { MetricStore } from '../../exporters/runtime/metrics/index.js';
import type { AuditRecords, AuditTrail } from '../../pack/audit-trail/model.js';
import { auditPresets } from '../../pack/audit-trail/presets.js';
import { SecretText } from '../../pack/index.js';

/** As an administrator would set it up; what is written is flushed, because that is what a commit costs. */
const SETTINGS = {
  track_functions: 'pl',
  track_commit_timestamp: 'on',
  fsync: 'on',
  full_page_writes: 'on',
  synchronous_commit: 'on',
  shared_buffers: '512MB',
  max_wal_size: '8GB',
  checkpoint_timeout: '30min',
  max_connections: '100',
};

export interface Bench {
  readonly server: PostgresServer;
  readonly client: pg.Client;
  /** Of the read-only observer. */
  readonly trail: AuditTrail;
  close(): Promise<void>;
}

export interface BenchOptions {
  /** Tables besides the one that the work is done on. */
  readonly tables?: number;
  /** Rows of the table, recorded as they are when the recording begins. */
  readonly rows: number;
  readonly settings?: Readonly<Record<string, string>>;
}

/** A server with the writer component installed on `public.accounts`, and as many other tables as a portal has. */
export async function startBench({ tables = 21, rows, settings = {} }: BenchOptions): Promise<Bench> {
  const server = await startPostgres({ settings: { ...SETTINGS, ...settings } });
  const client = new pg.Client({ connectionString: server.adminUrl });
  client.on('error', () => undefined);
  await client.connect();
  const password = randomBytes(9).toString('hex');
  await client.query(`
    create table accounts (id bigint primary key, name text not null, balance numeric(14,2) not null, opened timestamptz not null default now(), details jsonb);
    insert into accounts select i, 'client ' || i, i, now(), jsonb_build_object('risk', i % 7, 'adviser', 'a' || i % 40) from generate_series(1, ${rows}) i;
    ${Array.from({ length: tables }, (_, table) => `create table t${table} (id bigint primary key, v text);`).join('\n')}`);
  await client.query(installSql({ scope: { include: ['public.*'], exclude: [] }, baseline: true }));
  await client.query(`create role observer login password '${password}' in role kop_audit_observer, pg_read_all_stats`);
  const url = new URL(server.adminUrl);
  url.username = 'observer';
  url.password = password;
  return {
    server,
    client,
    trail: trailOf(url.toString()),
    async close() {
      await client.end();
      await server.close();
    },
  };
}

const { preset, columns } = { preset: 'kop', columns: auditPresets.kop.columns };

function kopRecords(): AuditRecords {
  const { id, at, operation } = columns;
  if (id === undefined || at === undefined || operation === undefined) throw new Error('the preset lacks a column');
  return { ...auditPresets.kop, preset, table: 'audit.log', columns: { ...columns, id, at, operation } };
}

export function trailOf(url: string): AuditTrail {
  return {
    name: 'bench',
    portal: 'bench',
    title: 'Bench',
    team: 'bench',
    database: { url: SecretText.literal(url), statementTimeoutMs: 600_000, maxConnections: 3 },
    scope: { schemas: ['public'], include: [], exclude: [], operations: ['INSERT', 'UPDATE', 'DELETE', 'TRUNCATE'] },
    records: kopRecords(),
    attribution: { machineActors: ['job:*'], sharedActors: [], required: ['actor', 'at', 'rowKey', 'application'] },
    observe: {
      intervalMs: 15_000,
      confirmIntervalMs: 60_000,
      resolveWithinMs: 600_000,
      replayRowsPerCycle: 10_000,
      maxLoad: 1,
      catchUpLoad: 1,
      maxClockSkewMs: 2_000,
      trustedFunctions: [],
    },
    retention: { keepDays: 2555 },
    comparisons: [],
  };
}

export function observerOf(trail: AuditTrail): Observer {
  const memory = newMemory(trail.name);
  return new Observer(trail, {
    log: silentLogger,
    metrics: new AuditMetrics(new MetricStore()).trail(trail),
    memory: { load: () => Promise.resolve(memory), save: () => Promise.resolve() },
  });
}

/** Changes through the trigger, each transaction `perTransaction` of them. */
export async function change({ client }: Bench, events: number, perTransaction = 1000): Promise<void> {
  for (let done = 0; done < events; done += perTransaction)
    await client.query(
      `begin; select set_config('audit.actor', 'ann', true);
       update accounts set balance = balance + 1 where id between ${done + 1} and ${Math.min(events, done + perTransaction)}; commit`,
    );
}

export async function timed(work: () => Promise<unknown>): Promise<number> {
  const begunAt = performance.now();
  await work();
  return performance.now() - begunAt;
}

/** Waits for other work on this machine to end, for a while, and says under which load it was measured. */
export async function quietly(): Promise<void> {
  for (let tries = 0; tries < 12 && loadNow() > 1; tries += 1) await sleep(5_000);
  console.log(`load before measuring: ${loadNow().toFixed(2)} (one minute)`);
}

function loadNow(): number {
  return loadavg()[0] ?? 0;
}

export function numberOption(name: string, otherwise: number): number {
  const { values } = parseArgs({ options: { [name]: { type: 'string' } }, strict: false });
  const given = values[name];
  const value = typeof given === 'string' ? Number(given.replaceAll('_', '')) : otherwise;
  if (!Number.isInteger(value) || value <= 0) throw new RangeError(`--${name} takes a positive whole number`);
  return value;
}

export function perSecond(rows: number, ms: number): string {
  return `${Math.round((rows / ms) * 1000).toLocaleString('en')}/s`;
}
