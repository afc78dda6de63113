/** How far the reported duration is from the time the portal really held the request, beside blackbox_exporter. */
import { ms, report } from '../support/report.js';
import { median } from '../support/stats.js';
import { type Prober, startBlackbox, startOurs, startTarget } from './peers.js';

const holdsMs = [10, 100, 1000];
const samples: Record<number, number> = { 10: 200, 100: 60, 1000: 12 };
const ALLOWED_ABOVE_PEER_MS = 0.2;

const target = await startTarget();
const ours = await startOurs(target.url, holdsMs);
const peer = await startBlackbox(target.url);
try {
  const figures = [];
  for (const hold of holdsMs) {
    const count = samples[hold] ?? 10;
    const errors = new Map<Prober, number[]>([
      [ours, []],
      [peer, []],
    ]);
    for (const prober of [ours, peer]) for (let i = 0; i < 20; i += 1) if (hold < 1000) await prober.probe(hold);
    // In turn, so that a slow moment of the machine hits both.
    for (let i = 0; i < count; i += 1) {
      for (const prober of i % 2 === 0 ? [ours, peer] : [peer, ours]) {
        await takeHolds(target.url);
        const reported = await prober.probe(hold);
        errors.get(prober)?.push(reported - ((await takeHolds(target.url))[0] ?? Number.NaN));
      }
    }
    const mine = median(errors.get(ours) ?? []);
    const theirs = median(errors.get(peer) ?? []);
    figures.push({
      what: `error at ${hold} ms, median of ${count}`,
      ours: ms(mine),
      peer: `${ms(theirs)} (blackbox)`,
      limit: `<= peer + ${ALLOWED_ABOVE_PEER_MS} ms`,
      holds: mine <= theirs + ALLOWED_ABOVE_PEER_MS,
    });
  }
  report('Accuracy of a reported duration', figures);
} finally {
  await Promise.all([ours.stop(), peer.stop(), target.stop()]);
}

async function takeHolds(url: string): Promise<number[]> {
  const holds: unknown = await (await fetch(`${url}/holds`)).json();
  return Array.isArray(holds) ? holds.map(Number) : [];
}
