import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { unconnectedDatabases } from '../../../pack/compliance/connection.js';
import type { ComplianceBoard, Control } from '../../../pack/compliance/model/index.js';
import type { Portal } from '../../../pack/index.js';
import type { Calendar } from '../../../pack/policy/model.js';
import { errorCode } from '../../runtime/error-code.js';
import type { Logger, Redactor } from '../../runtime/log.js';
import { ReadOnlyDatabase } from '../../runtime/postgres/read-only.js';
import type { StateFolder } from '../../runtime/state/index.js';
import { PrometheusClient } from '../checks/prometheus.js';
import type { EvidenceKeeper } from '../evidence/keeper.js';
import { checkedBy } from '../obligations/checked-by.js';
import { registerOf } from '../obligations/registers/open.js';
import { ObligationWatch } from '../obligations/watch.js';
import { type BoardState, emptyBoardState, obligationMemoryOf, parseBoardState, StatusTimes } from './board-state.js';
import { ControlEvaluation, type ControlResult } from './evaluate.js';
import { definitionOf, evaluationDocument } from './evaluation-document.js';
import { Rounds } from './rounds.js';
import { type ControlView, viewOf } from './view.js';
import { WatchedDatabase, type WatchedDatabases } from './watched-database.js';

export interface BoardDeps {
  readonly board: ComplianceBoard;
  readonly portal: Portal;
  readonly calendars: readonly Calendar[];
  readonly keeper: EvidenceKeeper;
  readonly state: StateFolder;
  readonly log: Logger;
  readonly redactor?: Redactor;
  readonly now?: () => Date;
  /** Told of each evaluation, for counters. */
  readonly onEvaluated?: (control: Control, result: ControlResult) => void;
}

const APPLICATION = 'kop-compliance';
const SAVE_EVERY_MS = 30_000;
/** Registers that no control asks for. */
const READ_REGISTERS_EVERY_MS = 300_000;
const REGISTER_TIMEOUT_MS = 30_000;

/** A control with since when it has its status. */
export interface DatedView extends ControlView {
  readonly since: Date;
}

/** Evaluates the controls of one board on their schedule, and keeps what was found. */
export class BoardWatch {
  readonly board: ComplianceBoard;
  readonly timeZone: string;
  readonly #deps: BoardDeps;
  readonly #now: () => Date;
  readonly #databases: WatchedDatabases;
  readonly #results = new Map<string, ControlResult>();
  readonly #stopping = new AbortController();
  readonly #rounds = new Rounds();
  readonly #prometheus: PrometheusClient | undefined;
  #state: BoardState = emptyBoardState;
  #times = new StatusTimes({});
  #obligations: ReadonlyMap<string, ObligationWatch> = new Map();
  #saver: NodeJS.Timeout | undefined;

  constructor(deps: BoardDeps) {
    const { board, calendars } = deps;
    this.board = board;
    this.#deps = deps;
    this.#now = deps.now ?? (() => new Date());
    this.timeZone = calendarOf(calendars, board.calendar).timeZone;
    this.#databases = openDatabases(deps);
    this.#prometheus =
      board.prometheus === undefined ? undefined : new PrometheusClient(board.prometheus, deps.redactor);
  }

  async start(): Promise<void> {
    this.#state = parseBoardState(await this.#readState());
    this.#times = new StatusTimes(this.#state.since);
    this.#obligations = this.#openObligations();
    const needs = this.#needs();
    const evaluations = this.board.controls.map((control) => new ControlEvaluation(control, needs));
    for (const { control } of evaluations) {
      const { sha256, text } = definitionOf({ control });
      await this.#deps.keeper.keepDefinition(sha256, text);
    }
    this.#rounds.begin([
      ...evaluations.map((evaluation) => ({
        name: `${this.board.name} ${evaluation.control.id}`,
        intervalMs: evaluation.control.intervalMs,
        run: () => this.#evaluate(evaluation),
      })),
      ...this.#unasked().map((watch) => ({
        name: `${this.board.name} ${watch.obligation.name}`,
        intervalMs: READ_REGISTERS_EVERY_MS,
        run: () => this.#readRegister(watch),
      })),
    ]);
    this.#saver = setInterval(() => void this.#save(), SAVE_EVERY_MS);
    this.#saver.unref();
  }

  async stop(): Promise<void> {
    this.#stopping.abort();
    clearInterval(this.#saver);
    await this.#rounds.end();
    await this.#save();
    await Promise.all(
      [...this.#databases.values()].map((each) => (typeof each === 'string' ? undefined : each.close())),
    );
  }

  /** Every control as it is now. */
  views(): readonly DatedView[] {
    const now = this.#now();
    const context = { now, timeZone: this.timeZone, evidenceProblem: this.#deps.keeper.problem };
    return this.board.controls.map((control) => {
      const view = viewOf(control, this.#results.get(control.id), this.board, context);
      return { ...view, since: this.#times.note(control.id, view.status, now) };
    });
  }

  get isPrometheusUp(): boolean | undefined {
    return this.#prometheus?.isUp;
  }

  /** By name; a text says why one is not connected. */
  get databases(): WatchedDatabases {
    return this.#databases;
  }

  /** Of each database that is connected and was asked: whether it could be reached. */
  get databasesUp(): ReadonlyMap<string, boolean> {
    return new Map(
      [...this.#databases].flatMap(([name, each]) =>
        typeof each === 'string' || each.isUp === undefined ? [] : [[name, each.isUp] as const],
      ),
    );
  }

  get obligations(): readonly ObligationWatch[] {
    return [...this.#obligations.values()];
  }

  /** Controls that have been evaluated at least once, of how many. */
  get progress(): { readonly evaluated: number; readonly of: number } {
    return { evaluated: this.#results.size, of: this.board.controls.length };
  }

  async #evaluate(evaluation: ControlEvaluation): Promise<void> {
    const { control } = evaluation;
    const failingSince = new Map(Object.entries(this.#state.failingSince[control.id] ?? {}));
    const before = this.#results.get(control.id) ?? { failingSince };
    let result: ControlResult;
    try {
      result = await evaluation.run(before, this.#stopping.signal, this.#now);
    } catch (error) {
      if (this.#stopping.signal.aborted) return;
      throw error;
    }
    const context = { now: result.evaluatedAt, timeZone: this.timeZone, evidenceProblem: undefined };
    const view = viewOf(control, result, this.board, context);
    // What was found counts when it is kept: until then nobody could show it later.
    await this.#deps.keeper.keep(evaluationDocument(this.board, view, result.evaluatedAt));
    this.#results.set(control.id, result);
    this.#deps.onEvaluated?.(control, result);
  }

  /** Obligations that no check of a control reads: their metrics are wanted all the same. */
  #unasked(): readonly ObligationWatch[] {
    const asked = checkedBy(this.board.controls);
    return this.obligations.filter(({ obligation }) => !asked.has(obligation.name));
  }

  async #readRegister(watch: ObligationWatch): Promise<void> {
    const signal = AbortSignal.any([this.#stopping.signal, AbortSignal.timeout(REGISTER_TIMEOUT_MS)]);
    try {
      await watch.read({ signal, now: this.#now() });
    } catch {
      // It was cut off, which the watch shows.
    }
  }

  #needs() {
    const { board, portal } = this.#deps;
    return {
      board,
      portal,
      timeZone: this.timeZone,
      prometheus: this.#prometheus,
      databases: this.#databases,
      obligation: async (name: string, context: { readonly signal: AbortSignal; readonly now: Date }) =>
        (await this.#obligations.get(name)?.read(context))?.finding,
    };
  }

  #openObligations(): ReadonlyMap<string, ObligationWatch> {
    return new Map(
      this.board.obligations.map((obligation) => {
        const calendar = calendarOf(this.#deps.calendars, obligation.calendar);
        const reader = registerOf(obligation, calendar, (name) => databaseOf(this.#databases, name));
        const memory = obligationMemoryOf(this.#state, obligation.name);
        return [obligation.name, new ObligationWatch(obligation, calendar, reader, memory)] as const;
      }),
    );
  }

  async #readState(): Promise<string | undefined> {
    try {
      return await readFile(join(this.#deps.state.path, this.#stateFile), 'utf8');
    } catch (error) {
      if (errorCode(error) !== 'ENOENT') this.#deps.log.warn('the state of a board cannot be read', { error });
      return undefined;
    }
  }

  async #save(): Promise<void> {
    const failingSince = Object.fromEntries(
      [...this.#results].flatMap(([id, result]) =>
        result.failingSince.size === 0 ? [] : [[id, Object.fromEntries(result.failingSince)]],
      ),
    );
    const state: BoardState = {
      version: 1,
      failingSince: { ...this.#unevaluated(), ...failingSince },
      since: this.#times.toState(),
      obligations: Object.fromEntries([...this.#obligations].map(([name, { memory }]) => [name, memory])),
    };
    await this.#deps.state.save(this.#stateFile, `${JSON.stringify(state)}\n`).catch(() => undefined);
  }

  /** Of controls that were not evaluated since the start, what was known before it. */
  #unevaluated(): BoardState['failingSince'] {
    return Object.fromEntries(Object.entries(this.#state.failingSince).filter(([id]) => !this.#results.has(id)));
  }

  get #stateFile(): string {
    return `board-${this.board.name}.json`;
  }
}

function calendarOf(calendars: readonly Calendar[], name: string): Calendar {
  const found = calendars.find((calendar) => calendar.name === name);
  if (found === undefined) throw new Error(`a board names the calendar ${name}, which passed the rules`);
  return found;
}

function openDatabases({ board, log, redactor }: BoardDeps): WatchedDatabases {
  const unconnected = new Map(unconnectedDatabases(board).map(({ database, variables }) => [database, variables]));
  return new Map(
    board.databases.map((access) => {
      const missing = unconnected.get(access.name) ?? [];
      return [
        access.name,
        missing.length > 0
          ? `the database ${access.name} is not connected: ${missing.join(', ')} is not set`
          : new WatchedDatabase(
              new ReadOnlyDatabase(access, {
                application: APPLICATION,
                log,
                ...(redactor === undefined ? {} : { redactor }),
              }),
            ),
      ];
    }),
  );
}

function databaseOf(databases: WatchedDatabases, name: string): Pick<ReadOnlyDatabase, 'read'> {
  const found = databases.get(name);
  const reason = found === undefined ? `the board names no database ${name}` : found;
  return typeof reason === 'string' ? { read: () => Promise.reject(new Error(reason)) } : reason;
}
