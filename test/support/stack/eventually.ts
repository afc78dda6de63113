import { setTimeout as sleep } from 'node:timers/promises';

const STEP_MS = 200;

/** Asks until the answer is neither false nor undefined, and returns it. A refusal to answer counts as not yet. */
export async function eventually<T>(
  what: string,
  patienceMs: number,
  ask: () => Promise<T | false | undefined>,
): Promise<T> {
  const deadline = Date.now() + patienceMs;
  let reason = '';
  for (;;) {
    try {
      const answer = await ask();
      if (answer !== false && answer !== undefined) {
        return answer;
      }
    } catch (error) {
      reason = `: ${error instanceof Error ? error.message : String(error)}`;
    }
    if (Date.now() > deadline) {
      throw new Error(`not within ${patienceMs / 1_000} s: ${what}${reason}`);
    }
    await sleep(STEP_MS);
  }
}
