import { setTimeout } from 'node:timers/promises';
import { sourcesSaid, type ToldControl, toldControls } from './sources-said.js';

const POLL_MS = 2_000;
/** The rules have to be evaluated for a while before what they record is there. */
const WITHIN_MS = 90_000;
/** So many answers in a row must be the same. */
const SETTLED = 5;

/**
 * Waits until the states have settled.
 *
 * @returns sentences for people; nothing where the demo ended before, or the exporter gave no answer.
 */
export async function liveSourcesText(exportersUrl: string, signal: AbortSignal): Promise<readonly string[]> {
  const until = performance.now() + WITHIN_MS;
  let before = '';
  let same = 0;
  while (!signal.aborted) {
    const controls = await ask(exportersUrl, signal);
    const now = controls.map(({ id, raw }) => `${id} ${raw}`).join();
    same = controls.length > 0 && now === before ? same + 1 : 0;
    before = now;
    if (controls.length > 0 && (same >= SETTLED || performance.now() > until)) return sourcesSaid(controls);
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
