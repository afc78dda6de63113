import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import pg from 'pg';
import {
  type AuditStore,
  createSealer,
  generateSealKey,
  openAuditStore,
  parseVkey,
  type RowsVerification,
  type Sealer,
  type SealerDeps,
  type SealKey,
  SealSession,
  verifyAuditLog,
  verifyRows,
} from '../../../../exporters/audit-trail/seal/index.js';
import { silentLogger } from '../../../../exporters/runtime/log.js';
import type { AuditRecords, AuditTrail } from '../../../../pack/audit-trail/model.js';
import type { DatabaseAccess } from '../../../../pack/index.js';
import type { Anchor, Seal } from '../../../../pack/sealing/model.js';
import { SecretText } from '../../../../pack/secrets/secret.js';
import { type BorrowedServer, borrowPostgres } from '../../../support/postgres/borrowed.js';
import { ORIGIN, records, trailAt } from './setting.js';

export { ORIGIN, records };
export const forever: AbortSignal = new AbortController().signal;

/** The audit table as our writer plane makes it, with one monthly partition and a default one. */
const SCHEMA = `
  DROP SCHEMA IF EXISTS audit CASCADE;
  CREATE SCHEMA audit;
  CREATE TABLE audit.log (
    id bigserial, xact_id xid8 NOT NULL DEFAULT pg_current_xact_id(), ts timestamptz NOT NULL DEFAULT clock_timestamp(),
    op text NOT NULL, relid oid, table_schema text, table_name text, pk jsonb, actor text, actor_kind text,
    application text, correlation_id text, reason text, old_row jsonb, new_row jsonb, prev_hash text
  ) PARTITION BY RANGE (ts);
  CREATE TABLE audit.log_old PARTITION OF audit.log FOR VALUES FROM ('2020-01-01') TO ('2021-01-01');
  CREATE TABLE audit.log_now PARTITION OF audit.log DEFAULT;
  CREATE INDEX ON audit.log (xact_id, id);
`;

/** A `ts` inside the old partition goes there, so that it can be detached. */
const WRITE = `
  INSERT INTO audit.log (ts, op, table_schema, table_name, pk, actor, actor_kind, old_row, new_row)
  SELECT coalesce($2::timestamptz, clock_timestamp()), (ARRAY['INSERT', 'UPDATE', 'DELETE'])[1 + i % 3], 'public', 't' || i % 4,
         to_jsonb(i::text), 'user' || i % 9, 'human', jsonb_build_object('amount', i * 1.10, 'note', E'tab\\t\\\\ Zoë'),
         jsonb_build_object('amount', i * 1.20, 'at', now())
  FROM generate_series(1, $1) i
`;

type LabServer = Pick<BorrowedServer, 'adminUrl' | 'close'>;

export class Lab {
  readonly server: LabServer;
  readonly client: pg.Client;

  private constructor(server: LabServer, client: pg.Client) {
    this.server = server;
    this.client = client;
  }

  static async open(): Promise<Lab> {
    return Lab.on(await borrowPostgres());
  }

  /** On a server that the test does more to than a borrowed one permits; close() closes it. */
  static async on(server: LabServer): Promise<Lab> {
    const client = new pg.Client({ connectionString: server.adminUrl });
    client.on('error', () => undefined);
    await client.connect();
    return new Lab(server, client);
  }

  get access(): DatabaseAccess {
    return { url: SecretText.literal(this.server.adminUrl), statementTimeoutMs: 30_000, maxConnections: 3 };
  }

  async freshTable(): Promise<void> {
    await this.client.query(SCHEMA);
  }

  async write(rows: number, ts?: string): Promise<void> {
    await this.client.query(WRITE, [rows, ts ?? null]);
  }

  /** As one who tampers: triggers do not fire. */
  async tamper(sql: string): Promise<void> {
    await this.client.query(`BEGIN; SET LOCAL session_replication_role = replica; ${sql}; COMMIT`);
  }

  async session<T>(work: (session: SealSession) => Promise<T>): Promise<T> {
    const session = await SealSession.open(this.access, forever);
    try {
      return await work(session);
    } finally {
      await session.close();
    }
  }

  async close(): Promise<void> {
    await this.client.end().catch(() => undefined);
    await this.server.close();
  }
}

export interface LogOptions {
  readonly origin?: string;
  readonly key?: SealKey;
  readonly pem?: string;
  readonly directory?: string;
  readonly anchors?: readonly Anchor[];
  readonly records?: AuditRecords;
  readonly maxRowsPerChunk?: number;
  readonly intervalMs?: number;
  readonly deps?: Partial<SealerDeps>;
}

export function trailOf(lab: Lab, seal: Seal, mapped?: AuditRecords): AuditTrail {
  return trailAt(lab.access, seal, mapped);
}

/** One log in a directory of its own, with everything that a test does to it. */
export class SealLog {
  readonly lab: Lab;
  readonly directory: string;
  readonly key: SealKey;
  readonly sealer: Sealer;

  private constructor(lab: Lab, directory: string, key: SealKey, sealer: Sealer) {
    this.lab = lab;
    this.directory = directory;
    this.key = key;
    this.sealer = sealer;
  }

  static async open(lab: Lab, options: LogOptions = {}): Promise<SealLog> {
    const directory = options.directory ?? (await mkdtemp(join(tmpdir(), 'kop-seal-')));
    const key = options.key ?? generateSealKey(options.origin ?? ORIGIN);
    const seal: Seal = {
      origin: options.origin ?? ORIGIN,
      key: SecretText.literal(options.pem ?? key.privateKey),
      directory,
      intervalMs: options.intervalMs ?? 60_000,
      maxRowsPerChunk: options.maxRowsPerChunk ?? 50,
      verifyWithinMs: 3_600_000,
      anchors: options.anchors ?? [],
    };
    const sealer = createSealer(trailOf(lab, seal, options.records), { log: silentLogger, ...options.deps });
    if (sealer === undefined) throw new Error('no seal');
    return new SealLog(lab, directory, key, sealer);
  }

  /** The same directory again, as after a restart or with other settings. */
  async again(options: LogOptions = {}): Promise<SealLog> {
    await this.sealer.stop();
    return SealLog.open(this.lab, { directory: this.directory, key: this.key, ...options });
  }

  get logPath(): string {
    return join(this.directory, 'log.jsonl');
  }

  async seal(): Promise<void> {
    while ((await this.sealer.sealNow()).hasMore);
  }

  /** By the log and the published key alone. */
  verifyAuditLog(): ReturnType<typeof verifyAuditLog> {
    return verifyAuditLog({ path: this.logPath, origin: ORIGIN, keys: [parseVkey(this.key.vkey)] });
  }

  async store<T>(work: (store: AuditStore) => Promise<T>, readOnly = true): Promise<T> {
    const keys = [parseVkey(this.key.vkey)];
    const store = await openAuditStore({ directory: this.directory, origin: ORIGIN, keys, readOnly });
    try {
      return await work(store);
    } finally {
      await store.close();
    }
  }

  verifyRows(): Promise<RowsVerification> {
    return this.store((store) => this.lab.session((session) => verifyRows({ store, session, signal: forever })));
  }

  async remove(): Promise<void> {
    await this.sealer.stop();
    await rm(this.directory, { recursive: true, force: true });
  }
}
