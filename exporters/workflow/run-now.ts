import { SecretText, SecretUnavailable } from '../../pack/index.js';
import { encodeWithSecrets } from '../runtime/measuring/transfer.js';
import { Redactor } from '../runtime/redactor.js';
import { Engine } from './engine.js';
import type { Job } from './plan.js';
import type { RunResult, RunTrigger } from './result.js';

export interface RunNowOptions {
  readonly repeat: number;
  /** Runs before the first that counts: the first request of a process takes ten times as long as later ones. */
  readonly warmupRuns: number;
  /** Time limit for each run, including logins. */
  readonly timeoutMs: number;
  readonly onResult: (result: RunResult) => void;
}

/**
 * Runs one job now, in this process and with nothing else in it. A warm-up run that fails is the result: to ask a
 * portal with errors again gives no new information.
 *
 * @returns all results; fewer than requested when a run timed out, to avoid more load on the portal.
 */
export async function runNow(job: Job, options: RunNowOptions): Promise<readonly RunResult[]> {
  const engine = new Engine(new Redactor(), () => {});
  engine.configure([job]);
  const results: RunResult[] = [];
  let warmUp: RunResult | undefined;
  const run = async (trigger: RunTrigger): Promise<RunResult | undefined> => {
    const answer = await engine.probe(job.workflow.name, job.portal.name, trigger, options.timeoutMs);
    return answer.kind === 'ran' ? answer.result : undefined;
  };
  const show = (result: RunResult) => {
    results.push(result);
    options.onResult(result);
  };
  try {
    for (let count = 0; count < options.warmupRuns; count += 1) {
      warmUp = (await run('warm-up')) ?? warmUp;
      if (warmUp?.success === false) {
        show(warmUp);
        return results;
      }
    }
    for (let count = 0; count < options.repeat; count += 1) {
      const result = await run('command');
      if (result === undefined) break;
      const stopsEarly = result.steps.some(({ reason }) => reason === 'timeout' || reason === 'retry-after');
      // The login happened in the warm-up run; its duration is shown as well.
      show(count === 0 && warmUp !== undefined ? { ...result, logins: [...warmUp.logins, ...result.logins] } : result);
      if (stopsEarly) break;
    }
    return results;
  } finally {
    await engine.stop(0);
  }
}

/** What must be set before this job can run, one message each. */
export function missingSecrets({ workflow, portal }: Job): readonly string[] {
  const written = encodeWithSecrets([portal.headers, workflow.steps]);
  const variables = Object.entries(portal.variables).filter(([name]) => written.includes(`{${name}}`));
  const user = workflow.identity === undefined ? portal.auth : portal.identities[workflow.identity];
  const used = [portal.headers, variables, workflow.authenticated ? user : undefined, workflow.steps];
  const missing = new Set<string>();
  for (const secret of secretsIn(used)) {
    try {
      secret.reveal();
    } catch (error) {
      if (!(error instanceof SecretUnavailable)) throw error;
      missing.add(error.message);
    }
  }
  return [...missing];
}

function* secretsIn(value: unknown): Iterable<SecretText> {
  if (value instanceof SecretText) yield value;
  else if (typeof value === 'object' && value !== null) {
    for (const inner of Object.values(value)) yield* secretsIn(inner);
  }
}
