import { performance } from 'node:perf_hooks';
import { fingerprint, type Job, workflowJobName } from './plan.js';

export interface DueTurn {
  readonly job: Job;
  readonly count: number;
}

interface Account {
  readonly job: Job;
  readonly print: string;
  /** When its last turn was counted, on the monotonic clock. */
  lastMs: number;
  /** Its thread has died since then, perhaps with unreported turns. */
  isInterrupted: boolean;
}

/**
 * Turns that were due but could not be reported: the thread was dead or hung, or a workflow was left out. A new thread
 * has a new schedule, so their number follows from the time between two turns that were counted.
 */
export class DueTurns {
  readonly #now: () => number;
  #accounts = new Map<string, Account>();

  constructor(now: () => number = () => performance.now()) {
    this.#now = now;
  }

  configure(jobs: readonly Job[]): void {
    const next = jobs.map((job): [string, Account] => {
      const name = workflowJobName(job.workflow.name, job.portal.name);
      const print = fingerprint(job);
      const known = this.#accounts.get(name);
      if (known?.print === print) return [name, known];
      return [name, { job, print, lastMs: this.#now(), isInterrupted: false }];
    });
    this.#accounts = new Map(next);
  }

  /** The schedules begin now. */
  begin(): void {
    for (const account of this.#accounts.values()) account.lastMs = this.#now();
  }

  interrupt(): void {
    for (const account of this.#accounts.values()) account.isInterrupted = true;
  }

  /** The thread has counted turns of this job. @returns how many were lost before them. */
  booked(name: string, count: number): DueTurn | undefined {
    const account = this.#accounts.get(name);
    if (account === undefined) return undefined;
    const passed = Math.round((this.#now() - account.lastMs) / account.job.workflow.schedule.intervalMs);
    const lost = account.isInterrupted ? passed - count : 0;
    account.lastMs = this.#now();
    account.isInterrupted = false;
    return lost > 0 ? { job: account.job, count: lost } : undefined;
  }

  /** Turns that are lost by now, because none was counted for long. @param isLeftOut jobs that no thread runs. */
  lost(isLeftOut: (name: string) => boolean): DueTurn[] {
    return [...this.#accounts].flatMap(([name, account]) => {
      if (!account.isInterrupted) return [];
      const { intervalMs } = account.job.workflow.schedule;
      // The turn that is due next may still come, at another time of the interval than before.
      const spared = isLeftOut(name) ? 0 : 1;
      const count = Math.floor((this.#now() - account.lastMs) / intervalMs) - spared;
      if (count <= 0) return [];
      account.lastMs += count * intervalMs;
      return [{ job: account.job, count }];
    });
  }
}
