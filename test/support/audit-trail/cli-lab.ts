import { execFile } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import pg from 'pg';
import { seed } from '../../../demo/portal/schema/seed.js';
import { createSealer, generateSealKey, type SealKey } from '../../../exporters/audit-trail/seal/index.js';
import { installSql } from '../../../exporters/audit-trail/writer/index.js';
import { silentLogger } from '../../../exporters/runtime/log.js';
import type { AuditTrail } from '../../../pack/audit-trail/model.js';
import { loadPack } from '../../../pack/index.js';
import { type Ended, kopHere } from '../cli.js';
import { type BorrowedServer, borrowPostgres } from '../postgres/borrowed.js';
import { builtCli } from '../workflow/process.js';

export const ORIGIN = 'test.example/audit';

type Environment = Readonly<Record<string, string | undefined>>;

/** The test runner asks for colours in its own name. */
const withoutOurs = {
  FORCE_COLOR: undefined,
  KINGSTON_AUDIT_DATABASE_URL: undefined,
  KINGSTON_COMPLIANCE_DATABASE_URL: undefined,
};

/** `kop` as it is installed: compiled, in a process of its own. */
export function kopApart(args: readonly string[], env: Environment = {}): Promise<Ended> {
  return new Promise((resolve) => {
    const options = { env: { ...process.env, ...withoutOurs, ...env } };
    execFile(process.execPath, [builtCli, ...args], options, (error, stdout, stderr) => {
      resolve({ code: error === null ? 0 : Number(error.code), stdout, stderr });
    });
  });
}

/** The same in this process: a second cheaper on a busy machine. */
export async function kop(args: readonly string[], env: Environment = {}): Promise<Ended> {
  const before = { ...process.env };
  const set = (values: Environment) => {
    for (const [name, value] of Object.entries(values)) {
      if (value === undefined) delete process.env[name];
      else process.env[name] = value;
    }
  };
  const changed = { ...withoutOurs, ...env };
  set(changed);
  try {
    return await kopHere(...args);
  } finally {
    set(Object.fromEntries(Object.keys(changed).map((name) => [name, before[name]])));
  }
}

/** One server for a file of tests, and on it a database with an audit trail that each test gets a copy of. */
export class CliLab {
  readonly server: BorrowedServer;
  readonly folder: string = mkdtempSync(join(tmpdir(), 'kop-audit-cli-'));
  readonly #password: string;
  #desks = 0;

  private constructor(server: BorrowedServer, password: string) {
    this.server = server;
    this.#password = password;
  }

  static async open(): Promise<CliLab> {
    const server = await borrowPostgres();
    const lab = new CliLab(server, randomBytes(9).toString('hex'));
    await run(server.adminUrl, `create role auditor login password '${lab.#password}'`);
    await run(server.adminUrl, 'create database audited');
    const audited = withDatabase(server.adminUrl, 'audited');
    await run(
      audited,
      `create table clients (id int primary key, name text, balance numeric);
       create table notes (id int primary key, text text);
       insert into clients select i, 'client ' || i, i * 10 from generate_series(1, 30) i;
       insert into notes select i, 'note ' || i from generate_series(1, 5) i;`,
    );
    await run(audited, installSql({ scope: { include: ['public.*'], exclude: [] }, baseline: true }));
    await run(
      audited,
      `grant kop_audit_observer, kop_audit_sealer, pg_read_all_stats to auditor;
       set audit.actor = 'ann'; update clients set balance = balance + 1 where id <= 10; delete from notes where id = 5;`,
    );
    return lab;
  }

  /** The portal as it is: its 22 tables, and no audit trail. @returns the address for a role that reads them. */
  async kingstonToday(): Promise<string> {
    const client = new pg.Client({ connectionString: this.server.url });
    await client.connect();
    try {
      await seed(client);
      await client.query('grant select on all tables in schema public to auditor');
    } finally {
      await client.end();
    }
    return this.#asAuditor(withDatabase(this.server.adminUrl, new URL(this.server.url).pathname.slice(1)));
  }

  /** @param trail YAML of the trail's section beside its seal. */
  async desk(trail = 'records: { preset: kop }'): Promise<Desk> {
    this.#desks += 1;
    const name = `desk_${this.#desks}`;
    await run(this.server.adminUrl, `create database ${name} template audited strategy file_copy`);
    const url = withDatabase(this.server.adminUrl, name);
    const folder = join(this.folder, name);
    mkdirSync(folder);
    return new Desk({ folder, url, auditorUrl: this.#asAuditor(url), trail });
  }

  async close(): Promise<void> {
    await this.server.close();
    rmSync(this.folder, { recursive: true, force: true });
  }

  #asAuditor(url: string): string {
    const parsed = new URL(url);
    parsed.username = 'auditor';
    parsed.password = this.#password;
    return parsed.href;
  }
}

interface DeskOptions {
  readonly folder: string;
  readonly url: string;
  readonly auditorUrl: string;
  readonly trail: string;
}

/** A database with an audit trail, its configuration and its seal, for one test to do with as it likes. */
export class Desk {
  readonly folder: string;
  /** Of a superuser. */
  readonly url: string;
  readonly key: SealKey = generateSealKey(ORIGIN);
  readonly config: string;
  readonly env: Readonly<Record<string, string>>;

  constructor({ folder, url, auditorUrl, trail }: DeskOptions) {
    this.folder = folder;
    this.url = url;
    this.env = { KOP_TEST_AUDIT_URL: auditorUrl };
    writeFileSync(this.path('seal.pem'), this.key.privateKey, { mode: 0o600 });
    writeFileSync(this.path('public.vkey'), `${this.key.vkey}\n`);
    this.config = this.path('audit.yaml');
    writeFileSync(
      this.config,
      `teams: { compliance: { title: Compliance } }
portals: { portal: { title: Portal, baseUrl: 'http://127.0.0.1:1' } }
auditTrails:
  trail:
    title: Test trail
    portal: portal
    team: compliance
    database: { url: '\${env:KOP_TEST_AUDIT_URL}' }
    observe: { interval: 1s, confirmInterval: 2s, resolveWithin: 60s }
    ${trail}
    seal:
      origin: ${ORIGIN}
      key: \${file:seal.pem}
      directory: seal
      interval: 60s
      maxRowsPerChunk: 10000
      anchors: [{ kind: directory, name: second, directory: anchor }]
`,
    );
  }

  path(...names: readonly string[]): string {
    return join(this.folder, ...names);
  }

  /** `kop audit VERB … ` with this configuration and a state of its own. */
  kop(verb: string, ...args: readonly string[]): Promise<Ended> {
    const state = hasState.has(verb) ? ['--state-directory', this.path('state')] : [];
    return kop(['audit', verb, '--config.file', this.config, ...state, ...args], this.env);
  }

  trail(): AuditTrail {
    Object.assign(process.env, this.env);
    const [trail] = loadPack([this.config]).auditTrails;
    if (trail === undefined) throw new Error('the configuration has no trail');
    return trail;
  }

  /** One checkpoint, and its copy at the anchor. */
  async seal(): Promise<void> {
    const trail = this.trail();
    const sealer = createSealer(trail, { log: silentLogger });
    if (sealer === undefined) throw new Error('no seal');
    try {
      await sealer.sealNow();
      for (let wait = 0; sealer.status().anchors.some(({ reachedAt }) => reachedAt === undefined); wait += 1) {
        if (wait > 200) throw new Error('the anchor was not reached');
        await new Promise((resolve) => setTimeout(resolve, 10));
      }
    } finally {
      await sealer.stop();
    }
  }

  sql(text: string): Promise<readonly Record<string, unknown>[]> {
    return run(this.url, text);
  }
}

const hasState = new Set(['status', 'explain', 'verify', 'baseline', 'maintenance']);

async function run(url: string, text: string): Promise<readonly Record<string, unknown>[]> {
  const client = new pg.Client({ connectionString: url });
  client.on('error', () => undefined);
  await client.connect();
  try {
    const result: pg.QueryResult | readonly pg.QueryResult[] = await client.query(text);
    return 'rows' in result ? result.rows : [];
  } finally {
    await client.end();
  }
}

function withDatabase(url: string, name: string): string {
  const parsed = new URL(url);
  parsed.pathname = `/${name}`;
  return parsed.href;
}
