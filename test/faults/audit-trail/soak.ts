import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { declare } from '../../../exporters/audit-trail/observer/verdict/declarations.js';
import { evidenceSources } from '../../../pack/audit-trail/metrics.js';
import { type InstalledServer, type Office, openOffice } from '../../support/audit-trail/installed.js';
import { difference, testPaces, type Verdict, Watchman } from '../../support/audit-trail/watchman.js';
import type { TestServer } from '../../support/postgres/majors.js';
import type { Shows } from './cases.js';
import { agrees } from './trial.js';

/** Something that happens in any office, and must not alarm anybody. */
export interface Innocent {
  /** Of the fault list, where it is in it. */
  readonly fault?: number;
  readonly name: string;
  readonly happens: (office: Office, soak: Soak) => Promise<void>;
  /** What may differ from now on, or while it lasts; every other difference is a false alarm. */
  readonly may?: readonly string[];
}

export interface SoakResult {
  readonly seconds: number;
  readonly happened: Readonly<Record<string, number>>;
  /** Planted losses that were found, each with all that it shows. */
  readonly found: number;
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

/** For a planted loss to be confirmed or shown as unaccounted, on a busy machine. */
const FOUND_WITHIN_MS = 90_000;

export interface SoakPlan {
  readonly seconds: number;
  /** In this order, again and again. */
  readonly happenings: readonly Innocent[];
  /** The address by which people work. */
  readonly worksAt?: (url: string) => string;
}

export class Soak {
  /** At work now. */
  server: Pick<TestServer, 'stop' | 'start'>;
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
  #isPlanting = false;
  #found = 0;
  crashes = 0;

  private constructor(server: TestServer, office: Office, declarations: string) {
    this.server = server;
    this.office = office;
    this.declarations = declarations;
    this.#watchman = new Watchman(office.trail, { declarations, observer: { settleMs: SETTLE_MS } });
  }

  static async run(installed: InstalledServer<TestServer>, plan: SoakPlan): Promise<SoakResult> {
    const declarations = await mkdtemp(join(tmpdir(), 'kop-soak-'));
    const office = await openOffice(installed, {
      writers: { pauseMs: 150, isPrompt: false },
      ...(plan.worksAt === undefined ? {} : { worksAt: plan.worksAt }),
    });
    const soak = new Soak(installed.server, office, declarations);
    try {
      return await soak.#run(plan);
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

  /** A loss: exactly this shows, in time, and until a baseline is declared. */
  async loses(shows: Shows, inject: () => Promise<void>): Promise<void> {
    await this.#calm();
    const before = this.#watchman.verdict();
    this.#isPlanting = true;
    await inject();
    const unfound = () => {
      const seen = difference(before, this.#watchman.verdict());
      return Object.entries(shows).filter(([key, expected]) => !agrees(expected, seen[key]));
    };
    const isFound = () => unfound().length === 0 && this.#watchman.isQuiet;
    if ((await this.#watchman.until(isFound, FOUND_WITHIN_MS)) === undefined)
      this.#alarms.add(`${unfound().map(([key]) => key)} does not show after ${this.#last}`);
    else this.#found += 1;
    for (const key of Object.keys(difference(before, this.#watchman.verdict()))) {
      const isKnown = shows[key] !== undefined || key.startsWith('table_state ') || key.includes('public.scratch');
      if (!isKnown && !this.#isAllowed(key, '', false)) this.#alarms.add(`${key} shows after ${this.#last}`);
    }
    const baseline = { kind: 'baseline', by: 'carol', reason: 'planted' } as const;
    await declare(this.declarations, this.office.trail.name, { ...baseline, at: new Date().toISOString() });
    const { looks } = this.#watchman;
    await this.#watchman.until(() => this.#watchman.looks > looks + 2, RECOVERY_MS);
    await this.#calm();
    this.#before = this.#watchman.verdict();
    this.#isPlanting = false;
  }

  /** Nothing is looked into any more, so that what shows next is of what happens next. */
  async #calm(): Promise<void> {
    const { observer } = this.#watchman;
    const checking = () => observer.state.memory.checks.counters.checking;
    let calmSince: number | undefined;
    const isCalm = () => {
      calmSince = this.#watchman.isProven && checking().length === 0 ? (calmSince ?? performance.now()) : undefined;
      return calmSince !== undefined && performance.now() - calmSince > SETTLE_MS + 2 * testPaces.quickMs;
    };
    if ((await this.#watchman.until(isCalm, FOUND_WITHIN_MS)) === undefined)
      this.#alarms.add(`no rest after ${this.#last}: ${JSON.stringify([checking(), this.#watchman.reasons])}`);
  }

  async #untilProvenAgain(then: () => void): Promise<void> {
    const { rounds } = this.#watchman;
    // Not before what happens has happened, and was looked at.
    const isProven = () => this.#watchman.rounds > rounds + ROUNDS_TO_NOTICE && this.#watchman.isProven;
    if ((await this.#watchman.until(isProven, RECOVERY_MS)) !== undefined) then();
  }

  async #run({ seconds, happenings }: SoakPlan): Promise<SoakResult> {
    this.#watchman.start();
    if (!(await this.#watchman.untilProven())) throw new Error('nothing was proven before the soak');
    this.#before = this.#watchman.verdict();
    const begunAt = performance.now();
    const endsAt = begunAt + seconds * 1000;
    const guard = this.#guard(() => performance.now() < endsAt + RECOVERY_MS);
    // Evenly over the time; a short soak sees each once, a long one again and again.
    const pauseMs = Math.min(10_000, Math.max(0, (seconds * 1000 * 0.5) / happenings.length));
    for (let turn = 0; turn < happenings.length || performance.now() < endsAt; turn += 1) {
      const innocent = happenings[turn % happenings.length];
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
      found: this.#found,
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
        const seen = this.#isPlanting ? {} : difference(this.#before, this.#watchman.verdict());
        for (const [key, value] of Object.entries(seen)) {
          if (!this.#isAllowed(key, value, isInterrupted))
            this.#alarms.add(`${key} is ${value} after ${this.#last}${this.#reasonOf(key)}`);
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

  #reasonOf(key: string): string {
    const { evidence } = this.#watchman.observer.state;
    const source = evidenceSources.find((name) => key === `evidence_state ${name}`);
    return source === undefined ? '' : `: ${evidence.get(source).reason}`;
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
