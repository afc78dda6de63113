import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { declare } from '../../../exporters/audit-trail/observer/verdict/declarations.js';
import { type InstalledServer, type Office, openOffice } from '../../support/audit-trail/installed.js';
import { difference, testPaces, type Verdict, Watchman } from '../../support/audit-trail/watchman.js';
import type { TestServer } from '../../support/postgres/majors.js';

/** On a busy machine a lock is waited for, and what is done after the window is no maintenance. */
const MAINTENANCE_MS = 6000;

/** Something that happens in any office, and must not alarm anybody. */
interface Innocent {
  /** Of the fault list, where it is in it. */
  readonly fault?: number;
  readonly name: string;
  readonly happens: (office: Office, soak: Soak) => Promise<void>;
  /** What may differ from now on, or while it lasts; every other difference is a false alarm. */
  readonly may?: readonly string[];
}

const ann = "set audit.actor = 'ann'; set audit.application = 'portal'";
const sql =
  (...texts: readonly string[]) =>
  async (office: Office): Promise<void> => {
    await office.sql(...texts);
  };

export const innocents: readonly Innocent[] = [
  {
    fault: 22,
    name: 'a rollback, and one to a savepoint',
    happens: sql(
      `${ann}; begin; insert into accounts (name) select 'r' from generate_series(1, 40); rollback`,
      `${ann}; begin; savepoint s; update accounts set balance = 1 where id <= 5; rollback to s; update accounts set score = 1 where id = 2; commit`,
    ),
  },
  {
    fault: 23,
    name: 'ids that a session took and did not use',
    happens: sql("select nextval('audit.log_id_seq') from generate_series(1, 20)"),
  },
  {
    fault: 24,
    name: 'a crash',
    happens: async (_office, soak) => {
      soak.interrupt();
      await soak.server.stop('immediate');
      await soak.server.start();
      soak.crashes += 1;
    },
    may: ['epoch_changes_total postmaster_restart'],
  },
  {
    fault: 50,
    name: 'a statement that fails midway',
    happens: sql(
      "do $$ begin insert into accounts (id, name) select i, 'f' from unnest(array[70000, 70001, 70002, 1]) i; exception when unique_violation then null; end $$",
    ),
    may: [
      'counter_residual operations_calls',
      'unaccounted_changes operations_calls above',
      'unaccounted_changes_total operations_calls above',
    ],
  },
  { fault: 8, name: 'VACUUM FULL of a table', happens: sql('vacuum full accounts') },
  { fault: 8, name: 'VACUUM FULL of the audit table', happens: sql('vacuum full audit.log') },
  { fault: 47, name: 'everything frozen', happens: sql('vacuum freeze') },
  {
    fault: 47,
    name: 'a column more in the audit table',
    happens: sql(`alter table audit.log add column extra_N text default 'x'`),
  },
  {
    name: 'a column more in a table',
    happens: sql(
      `alter table accounts add column tier_N text not null default 'basic'`,
      `${ann}; update accounts set balance = balance + 1 where id = 3`,
    ),
  },
  {
    fault: 46,
    name: 'sessions in other time zones',
    happens: sql(
      `${ann}; set timezone = 'America/New_York'; update accounts set score = 0.1::float8 + 0.2, opened = now() where id = 4`,
      `${ann}; set timezone = 'Asia/Tokyo'; set extra_float_digits = 0; set datestyle = 'German'; update accounts set balance = balance + 1 where id = 4`,
      "alter role observer set timezone = 'Asia/Kathmandu'; alter role observer set extra_float_digits = 0",
    ),
  },
  {
    fault: 34,
    name: 'a late commit',
    happens: async (office) => {
      const late = await office.connect();
      await late.query(`${ann}; begin; update accounts set balance = 70 where id = 6`);
      await office.sql(`${ann}; update accounts set balance = 71 where id = 7`);
      await sleep(3000);
      await late.query('update accounts set balance = 72 where id = 6; commit');
      await late.end();
    },
    may: ['watermark_lag_seconds'],
  },
  {
    name: 'planned maintenance',
    happens: async (office, soak) => {
      const now = Date.now();
      const until = now + MAINTENANCE_MS;
      await declare(soak.declarations, office.trail.name, {
        kind: 'maintenance',
        tables: ['public.accounts', 'public.holdings'],
        reason: 'migration',
        by: 'carol',
        at: new Date(now).toISOString(),
        from: new Date(now - 1000).toISOString(),
        until: new Date(until).toISOString(),
      });
      // What the observer learns of only at its next look cannot explain what it sees before.
      await sleep(testPaces.quickMs * 2);
      await office.sql(
        `begin; alter table accounts disable trigger kop_audit_row; update accounts set balance = 99 where id = 8; delete from accounts where id = 9;
         insert into accounts (id, name) values (9, 'quiet'); alter table accounts enable always trigger kop_audit_row; commit`,
      );
      if (Date.now() > until) throw new Error('the maintenance outlasted its window, so it rightly alarms');
      await sleep(until - Date.now());
      // A baseline follows by itself; until it is compared with, nothing is claimed.
      soak.expectUnknown();
    },
    may: ['fingerprint_changes_total trigger', 'counter_residual operations_calls'],
  },
  {
    fault: 9,
    name: 'next months prepared',
    happens: sql('select audit.maintain_partitions(6)'),
  },
  {
    fault: 14,
    name: 'the replica role, which bypasses nothing',
    happens: sql(`${ann}; set session_replication_role = replica; update accounts set balance = 78 where id = 10`),
  },
  {
    fault: 19,
    name: 'a table that comes and goes, enrolled by itself',
    happens: async (office) => {
      await office.sql(
        `${ann}; create table scratch (id bigint primary key, v text); insert into scratch select i, 'v' from generate_series(1, 50) i; update scratch set v = 'w'`,
      );
      await sleep(3000);
      // Emptied first: rows that go with their table, and a table that comes back without them, are faults.
      await office.sql(`${ann}; delete from scratch; drop table scratch`);
    },
    may: ['tables_in_scope', 'tables_covered', 'coverage_ratio public.scratch', 'trigger_effective public.scratch'],
  },
  {
    name: 'upserts, MERGE, COPY, a new key',
    happens: sql(
      `${ann}; insert into accounts (id, name) values (1, 'x'), (90001, 'y') on conflict (id) do update set name = excluded.name`,
      `${ann}; merge into accounts a using (values (1), (90002)) v(id) on a.id = v.id when matched then update set name = 'm' when not matched then insert (id, name) values (v.id, 'n')`,
      `${ann}; update accounts set id = 95000 where id = 90001; update accounts set balance = 3 where id = 95000; delete from accounts where id in (95000, 90002)`,
    ),
  },
  {
    fault: 17,
    name: 'TRUNCATE of a leaf, recorded',
    happens: sql(`${ann}; truncate visits_2`),
    may: ['counter_residual operations_calls', 'counter_residual calls_records'],
  },
];

export interface SoakResult {
  readonly seconds: number;
  readonly happened: Readonly<Record<string, number>>;
  /** Each thing that must not have been said, with what had happened last. */
  readonly alarms: readonly string[];
  /** Not as in the beginning, when all had come to rest. */
  readonly remains: Verdict;
  readonly isProven: boolean;
  readonly crashes: number;
  readonly committed: number;
  readonly rolledBack: number;
  readonly recordsRead: number;
  readonly recordsWritten: number;
}

/** Its writers report when PostgreSQL has them do so, and so later. */
const SETTLE_MS = 2500;
/** Close looks that pass before an interruption, or the end of a maintenance, shows. */
const ROUNDS_TO_NOTICE = 6;
/** After a restart everything is unknown until it is proven again; longest that this may take on a busy machine. */
const RECOVERY_MS = 60_000;

export class Soak {
  readonly server: TestServer;
  readonly office: Office;
  readonly declarations: string;
  readonly #watchman: Watchman;
  readonly #alarms = new Set<string>();
  readonly #happened: Record<string, number> = {};
  #before: Verdict = {};
  #may = new Set<string>();
  #last = 'nothing';
  #interruptedUntil = 0;
  #unknownUntil = 0;
  crashes = 0;

  private constructor(server: TestServer, office: Office, declarations: string) {
    this.server = server;
    this.office = office;
    this.declarations = declarations;
    this.#watchman = new Watchman(office.trail, { declarations, observer: { settleMs: SETTLE_MS } });
  }

  static async run(installed: InstalledServer<TestServer>, seconds: number): Promise<SoakResult> {
    const declarations = await mkdtemp(join(tmpdir(), 'kop-soak-'));
    const office = await openOffice(installed, { writers: { pauseMs: 150, isPrompt: false } });
    const soak = new Soak(installed.server, office, declarations);
    try {
      return await soak.#run(seconds);
    } finally {
      await soak.#watchman.stop();
      await office.close();
      await rm(declarations, { recursive: true });
    }
  }

  /** From now on nothing can be seen for a while: until all is proven again. */
  interrupt(): void {
    this.#interruptedUntil = performance.now() + RECOVERY_MS;
    void this.#untilProvenAgain(() => {
      this.#interruptedUntil = 0;
    });
  }

  expectUnknown(): void {
    this.#unknownUntil = performance.now() + RECOVERY_MS;
    void this.#untilProvenAgain(() => {
      this.#unknownUntil = 0;
    });
  }

  async #untilProvenAgain(then: () => void): Promise<void> {
    const { rounds } = this.#watchman;
    // Not before what happens has happened, and was looked at.
    const isProven = () => this.#watchman.rounds > rounds + ROUNDS_TO_NOTICE && this.#watchman.isProven;
    if ((await this.#watchman.until(isProven, RECOVERY_MS)) !== undefined) then();
  }

  async #run(seconds: number): Promise<SoakResult> {
    this.#watchman.start();
    if (!(await this.#watchman.untilProven())) throw new Error('nothing was proven before the soak');
    this.#before = this.#watchman.verdict();
    const begunAt = performance.now();
    const endsAt = begunAt + seconds * 1000;
    const guard = this.#guard(() => performance.now() < endsAt + RECOVERY_MS);
    // Evenly over the time; a short soak sees each once, a long one again and again.
    const pauseMs = Math.min(10_000, Math.max(0, (seconds * 1000 * 0.5) / innocents.length));
    for (let turn = 0; turn < innocents.length || performance.now() < endsAt; turn += 1) {
      const innocent = innocents[turn % innocents.length];
      if (innocent === undefined) break;
      await this.#happen(innocent, turn);
      await sleep(performance.now() < endsAt ? pauseMs : 0);
    }
    await sleep(Math.max(0, endsAt - performance.now()));
    const isProven = await this.#watchman.untilProven(RECOVERY_MS);
    await this.office.writers.stop();
    const rounds = this.#watchman.rounds;
    await this.#watchman.until(() => this.#watchman.rounds > rounds + 2, 20_000);
    guard.stop();
    // Of a table that is gone, nothing is shown any more.
    const [counted] = await this.office.sql(
      "select count(*)::int as n from audit.log where op <> 'SNAPSHOT' and table_name <> 'scratch'",
    );
    return {
      seconds: (performance.now() - begunAt) / 1000,
      happened: this.#happened,
      alarms: [...this.#alarms],
      remains: difference(this.#before, this.#watchman.verdict()),
      isProven,
      crashes: this.crashes,
      committed: this.office.writers.committed(),
      rolledBack: this.office.writers.rolledBack(),
      recordsRead: this.#watchman.recordsRead,
      recordsWritten: Number(counted?.rows[0]?.n),
    };
  }

  async #happen({ name, happens, may = [] }: Innocent, turn: number): Promise<void> {
    this.#last = name;
    for (const key of may) this.#may.add(key);
    const numbered = (text: string) => text.replaceAll('_N', `_${turn}`);
    await happens({ ...this.office, sql: (...texts) => this.office.sql(...texts.map(numbered)) }, this);
    this.#happened[name] = (this.#happened[name] ?? 0) + 1;
  }

  #guard(isOn: () => boolean): { stop(): void } {
    let isStopped = false;
    const watch = async () => {
      while (!isStopped && isOn()) {
        const isInterrupted = performance.now() < this.#interruptedUntil;
        for (const [key, value] of Object.entries(difference(this.#before, this.#watchman.verdict()))) {
          if (!this.#isAllowed(key, value, isInterrupted)) this.#alarms.add(`${key} is ${value} after ${this.#last}`);
        }
        await sleep(40);
      }
    };
    void watch();
    return {
      stop: () => {
        isStopped = true;
      },
    };
  }

  #isAllowed(key: string, value: number | string, isInterrupted: boolean): boolean {
    if (key.startsWith('table_state ')) {
      const mayBeUnknown = isInterrupted || performance.now() < this.#unknownUntil || key.endsWith('.scratch');
      return ['ok', 'suspect', 'explained', 'gone', ...(mayBeUnknown ? ['unknown'] : [])].includes(String(value));
    }
    // Faults are counted even while nothing can be seen; what is known of them is not, and what sweeps found is not shown.
    const isFinding = key.includes('_total ') || (key.startsWith('replay_mismatches') && value !== 'gone');
    if (isInterrupted && !isFinding) return true;
    return [...this.#may].some((prefix) => key.startsWith(prefix));
  }
}
