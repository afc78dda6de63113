import { setTimeout } from 'node:timers/promises';
import { z } from 'zod';

const POLL_MS = 2_000;
/** The rules have to be evaluated for a while before what they record is there. */
const WITHIN_MS = 90_000;
/** So many answers in a row must be the same. */
const SETTLED = 5;

const page = z.object({
  total: z.number(),
  items: z.array(z.object({ id: z.string(), status: z.string(), raw: z.string() })),
});

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
    const items = await controls(exportersUrl, signal);
    const unknown = items.filter(({ raw }) => raw === 'unknown').map(({ id }) => id);
    const now = unknown.join(' ');
    same = items.length > 0 && now === before ? same + 1 : 0;
    before = now;
    if (items.length > 0 && (same >= SETTLED || performance.now() > until)) return said(items, unknown);
    if (performance.now() > until) return [];
    await pause(signal);
  }
  return [];
}

function said(items: z.output<typeof page>['items'], unknown: readonly string[]): readonly string[] {
  const applicable = items.filter(({ raw }) => raw !== 'not_applicable').length;
  return [
    '',
    `Compliance: ${applicable - unknown.length} of ${applicable} controls have a live source in this demo.`,
    ...(unknown.length === 0 ? [] : ['These have none, so they are unknown:', `  ${unknown.join(', ')}`]),
  ];
}

async function controls(url: string, signal: AbortSignal) {
  try {
    const answer = await fetch(`${url}/api/v1/controls?limit=500`, {
      signal: AbortSignal.any([signal, AbortSignal.timeout(POLL_MS)]),
    });
    return page.parse(await answer.json()).items;
  } catch {
    return [];
  }
}

async function pause(signal: AbortSignal): Promise<void> {
  await setTimeout(POLL_MS, undefined, { signal, ref: false }).catch(() => undefined);
}
