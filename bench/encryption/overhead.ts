import { performance } from 'node:perf_hooks';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { runRound } from '../../exporters/encryption/probe/round.js';
import type { Provider } from '../../exporters/encryption/providers/provider.js';
import type { Figure } from '../support/report.js';
import { median } from '../support/stats.js';

const SAMPLES = 1000;
const ROUNDS = 7;
const ALLOWED_US = 1;
/** Long enough that each operation is timed alone, and short enough that a microsecond would be seen. */
const SPINS = 4000;

/** What a measured duration holds of the measuring: a provider whose own duration is known, beside the probe's word. */
export async function overhead(): Promise<readonly Figure[]> {
  const figures: Figure[] = [];
  for (const isSynchronous of [true, false]) {
    const added: number[] = [];
    let known = 0;
    for (let round = 0; round < ROUNDS; round += 1) {
      known = bareSeconds();
      added.push(((await measuredSeconds(isSynchronous)) - known) * 1e6);
    }
    const us = median(added);
    figures.push({
      what: `${isSynchronous ? 'a call that blocks' : 'a call that is awaited'}, ${ROUNDS} rounds of ${SAMPLES}`,
      ours: `${us.toFixed(2)} µs`,
      peer: `in an operation of ${(known * 1e6).toFixed(1)} µs`,
      limit: `< ${ALLOWED_US} µs`,
      holds: us < ALLOWED_US,
    });
  }
  return figures;
}

let sink = 0;

function spin(): void {
  let value = sink | 1;
  for (let one = 0; one < SPINS; one += 1) value = (value * 1_103_515_245 + 12_345) | 0;
  sink = value;
}

/** Many calls under one reading of the clock. */
function bareSeconds(): number {
  const found: number[] = [];
  for (let one = 0; one < SAMPLES / 10; one += 1) {
    const startedAt = performance.now();
    for (let call = 0; call < 10; call += 1) spin();
    found.push((performance.now() - startedAt) / 10 / 1000);
  }
  return quarter(found);
}

async function measuredSeconds(isSynchronous: boolean): Promise<number> {
  const plan = {
    sizesBytes: [16],
    samples: SAMPLES,
    timeoutMs: 5000,
    slaSeconds: 0.01,
    budgetMs: 10_000,
    skipVersionTests: true,
  };
  const { series } = await runRound(spinning(isSynchronous), plan, new Set(), new AbortController().signal);
  const found = series.find(({ operation }) => operation === 'encrypt');
  if (found === undefined) throw new Error('nothing was measured');
  await nextTurn();
  return quarter(found.seconds);
}

/** Other work on the machine, which disturbs the probe and the bare loop at different moments, is not overhead. */
function quarter(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.floor(sorted.length / 4)] ?? Number.NaN;
}

function spinning(isSynchronous: boolean): Provider<Buffer> {
  const work = (data: Buffer) => {
    spin();
    return isSynchronous ? data : Promise.resolve(data);
  };
  return {
    isSynchronous,
    bindsContext: false,
    anatomy: { dissect: (sealed) => ({ body: sealed }), assemble: ({ body }) => body },
    open: () => Promise.resolve(),
    encrypt: work,
    decrypt: work,
    close: () => Promise.resolve(),
  };
}
