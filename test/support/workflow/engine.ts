import { onTestFinished } from 'vitest';
import { Redactor } from '../../../exporters/runtime/redactor.js';
import { Engine } from '../../../exporters/workflow/engine.js';
import type { Job } from '../../../exporters/workflow/plan.js';
import type { EngineReport } from '../../../exporters/workflow/protocol.js';
import type { RunResult, RunTrigger, StepResult } from '../../../exporters/workflow/result.js';

type Kind = EngineReport['type'];
type OfKind<K extends Kind> = Extract<EngineReport, { readonly type: K }>;

/** An engine in this thread, whose reports can be waited for. */
export class TestEngine {
  readonly reports: EngineReport[] = [];
  readonly redactor = new Redactor();
  readonly engine: Engine;
  readonly #waiting = new Set<() => void>();

  constructor(jobs: readonly Job[]) {
    this.engine = new Engine(this.redactor, (report) => {
      this.reports.push(report);
      for (const check of this.#waiting) check();
    });
    this.engine.configure(jobs);
    onTestFinished(() => this.engine.stop(0));
  }

  /** The first `count` reports of a kind, as soon as they are there. */
  async next<K extends Kind>(kind: K, count = 1): Promise<OfKind<K>[]> {
    const found = () => this.reports.filter((report): report is OfKind<K> => report.type === kind);
    await new Promise<void>((resolve) => {
      const check = () => {
        if (found().length < count) return;
        this.#waiting.delete(check);
        resolve();
      };
      this.#waiting.add(check);
      check();
    });
    return found().slice(0, count);
  }

  /** Runs a job now. @throws when it was not let in. */
  async run(job: Job, { trigger = 'probe', timeoutMs = 10_000 }: RunOptions = {}): Promise<RunResult> {
    const answer = await this.engine.probe(job.workflow.name, job.portal.name, trigger, timeoutMs);
    if (answer.kind !== 'ran') throw new Error(`the run was not let in: ${JSON.stringify(answer)}`);
    return answer.result;
  }
}

interface RunOptions {
  readonly trigger?: RunTrigger;
  readonly timeoutMs?: number;
}

/** One run of one job on an engine of its own. */
export function runOnce(job: Job, options: RunOptions = {}): Promise<RunResult> {
  return new TestEngine([job]).run(job, options);
}

/** The step's result; the first one unless named. */
export function stepOf(result: RunResult, name?: string): StepResult {
  const found = result.steps.find((step) => name === undefined || step.name === name);
  if (found === undefined) throw new Error(`no step ${name}`);
  return found;
}

/** What a failed run says: `reason: detail` of its failed step, or `ok`. */
export function verdictOf(result: RunResult): string {
  const failed = result.steps.find((step) => step.outcome === 'failed');
  return failed === undefined ? 'ok' : `${failed.reason}: ${failed.detail}`;
}
