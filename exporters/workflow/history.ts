import { workflowJobName } from './plan.js';
import type { RunResult } from './result.js';

const RECENT = 100;
const FAILURES_PER_JOB = 5;

/**
 * The newest runs, and for each job its last failures. Failures stay when newer runs have replaced the other runs,
 * because a failure at night is read in the morning. A lookup by id serves the page of one run with its log.
 */
export class History {
  readonly #recent: NumberedRun[] = [];
  readonly #last = new Map<string, NumberedRun>();
  readonly #failures = new Map<string, NumberedRun[]>();
  #nextId = 1;

  add(result: RunResult): void {
    const kept = { id: this.#nextId++, result };
    this.#recent.unshift(kept);
    this.#recent.length = Math.min(this.#recent.length, RECENT);
    const job = workflowJobName(result.workflow, result.portal);
    this.#last.set(job, kept);
    if (result.verdict === 'met') return;
    this.#failures.set(job, [kept, ...(this.#failures.get(job) ?? [])].slice(0, FAILURES_PER_JOB));
  }

  get recent(): readonly NumberedRun[] {
    return this.#recent;
  }

  /** Newest first. */
  get failures(): readonly NumberedRun[] {
    return [...this.#failures.values()].flat().sort((a, b) => b.id - a.id);
  }

  find(id: number): RunResult | undefined {
    return [...this.#recent, ...this.#last.values(), ...this.failures].find((kept) => kept.id === id)?.result;
  }

  /** The newest run of a job. */
  last(workflow: string, portal: string): NumberedRun | undefined {
    return this.#last.get(workflowJobName(workflow, portal));
  }
}

export interface NumberedRun {
  readonly id: number;
  readonly result: RunResult;
}
