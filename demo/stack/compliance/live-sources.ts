import { setTimeout } from 'node:timers/promises';
import { sourcesSaid, type ToldControl, toldControls } from './sources-said.js';

const POLL_MS = 2_000;
/** The rules have to be evaluated for a while before what they record is there. */
const WITHIN_MS = 150_000;
/** For so many evaluations of every control nothing may change. */
const SETTLED_ROUNDS = 2;

/**
 * Waits until the states have settled.
 *
 * @param everySeconds between two evaluations of a control.
 * @returns sentences for people; nothing where the demo ended before, or the exporter gave no answer.
 */
export async function liveSourcesText(
  exportersUrl: string,
  everySeconds: number,
  signal: AbortSignal,
): Promise<readonly string[]> {
  const until = performance.now() + WITHIN_MS;
  let before = '';
  let changedAt = performance.now();
  while (!signal.aborted) {
    const controls = await ask(exportersUrl, signal);
    const now = controls.map(({ id, raw }) => `${id} ${raw}`).join();
    if (controls.length === 0 || now !== before) changedAt = performance.now();
    before = now;
    const isSettled = performance.now() - changedAt > SETTLED_ROUNDS * 1_000 * everySeconds;
    if (controls.length > 0 && (isSettled || performance.now() > until)) return sourcesSaid(controls);
    if (performance.now() > until) return [];
    await pause(signal);
  }
  return [];
}

async function ask(url: string, signal: AbortSignal): Promise<readonly ToldControl[]> {
  try {
    const answer = await fetch(`${url}/api/v1/export?format=json`, {
      signal: AbortSignal.any([signal, AbortSignal.timeout(POLL_MS)]),
    });
    return toldControls.parse(await answer.json()).items;
  } catch {
    return [];
  }
}

async function pause(signal: AbortSignal): Promise<void> {
  await setTimeout(POLL_MS, undefined, { signal, ref: false }).catch(() => undefined);
}
