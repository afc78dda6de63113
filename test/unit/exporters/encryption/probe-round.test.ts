import { performance } from 'node:perf_hooks';
import { describe, expect, test } from 'vitest';
import { overlapMs } from '../../../../exporters/encryption/probe/garbage.js';
import { formatSeconds, percentiles } from '../../../../exporters/encryption/probe/percentiles.js';
import type { RoundResult } from '../../../../exporters/encryption/probe/protocol.js';
import { type RoundOutcome, type RoundPlan, runRound } from '../../../../exporters/encryption/probe/round.js';
import { verdictOn } from '../../../../exporters/encryption/probe/run-now.js';
import { Samples } from '../../../../exporters/encryption/probe/samples.js';
import type { TestResult } from '../../../../exporters/encryption/probe/test-result.js';
import { ExporterFault, ProviderFailure } from '../../../../exporters/encryption/providers/failure.js';
import type { Provider } from '../../../../exporters/encryption/providers/provider.js';
import { collectGarbage } from '../../../../exporters/runtime/garbage.js';
import { probeJob } from '../../../support/encryption/domain.js';
import { metricsOf, total } from '../../../support/encryption/exporter.js';
import { fakeProvider, slowProvider } from '../../../support/encryption/fake-provider.js';

const plan: RoundPlan = {
  sizesBytes: [16, 256],
  samples: 10,
  timeoutMs: 1000,
  slaSeconds: 0.01,
  budgetMs: 10_000,
  skipVersionTests: false,
};

function round<S>(provider: Provider<S>, over: Partial<RoundPlan> = {}, stopping = new AbortController().signal) {
  return runRound(provider, { ...plan, ...over }, new Set(), stopping);
}

function counts({ series }: RoundOutcome, operation: string) {
  const own = series.filter((one) => one.operation === operation);
  const sum = (of: (one: (typeof own)[number]) => number) => own.reduce((total, one) => total + of(one), 0);
  return {
    samples: sum((one) => one.seconds.length + one.tainted),
    met: sum((one) => one.met),
    missed: sum((one) => one.missed),
  };
}

describe('a round', () => {
  test('takes so many samples of each operation and size', async () => {
    const result = await round(fakeProvider());
    for (const operation of ['encrypt', 'decrypt', 'round_trip']) expect(counts(result, operation).samples).toBe(20);
    expect(result).toMatchObject({ isUsable: true, failures: [] });
  });

  test('judges each operation by the promise, and a round trip by twice the promise', async () => {
    const result = await round(slowProvider(14), { samples: 4, slaSeconds: 0.01 });
    expect(counts(result, 'encrypt')).toMatchObject({ met: 0 });
    expect(counts(result, 'round_trip')).toMatchObject({ met: 0 });
    const lenient = await round(slowProvider(2), { samples: 4, slaSeconds: 5, timeoutMs: 10_000 });
    expect(counts(lenient, 'encrypt')).toEqual({ samples: 8, met: 8, missed: 0 });
  });

  test('stops at its budget, with as many samples of each size', async () => {
    const result = await round(slowProvider(10), { samples: 1000, budgetMs: 200 });
    const perSize = result.series
      .filter((one) => one.operation === 'encrypt')
      .map((one) => one.seconds.length + one.tainted);
    expect(perSize).toHaveLength(2);
    expect(perSize[0]).toBe(perSize[1]);
    expect(perSize[0]).toBeLessThan(20);
    expect(perSize[0]).toBeGreaterThan(0);
  });

  test('counts a changed plaintext as broken integrity, goes on, and keeps its time out', async () => {
    const result = await round(fakeProvider(() => ({ decrypt: () => Buffer.from('something else') })));
    const integrity = result.failures.filter(({ reason }) => reason === 'integrity');
    expect(integrity.map(({ operation }) => operation).toSorted()).toEqual(['decrypt', 'round_trip']);
    expect(integrity[0]?.count).toBeGreaterThanOrEqual(20);
    expect(counts(result, 'decrypt').samples).toBe(0);
    expect(result.isUsable).toBe(true);
    expect(result.selfTests.get('round_trip')).toMatchObject({ outcome: 'failed' });
  });

  test.each(['timeout', 'unavailable', 'throttled', 'auth', 'protocol'] as const)(
    'in which nothing works, %s, ends after three calls, and the provider is down',
    async (reason) => {
      let calls = 0;
      const provider = fakeProvider(() => ({
        encrypt: () => {
          calls += 1;
          throw new ProviderFailure(reason, 'not now');
        },
      }));
      const result = await round(provider);
      expect(calls).toBe(3);
      expect(result).toMatchObject({ isUsable: false, problem: 'not now' });
      // The first of each size is warm-up, which no count knows of.
      expect(result.failures).toEqual([
        { operation: 'encrypt', reason, count: 1 },
        { operation: 'round_trip', reason, count: 1 },
      ]);
      expect([...result.selfTests]).toEqual([]);
    },
  );

  test.each(['timeout', 'unavailable', 'throttled', 'auth', 'protocol'] as const)(
    'with one failure among a hundred operations, %s, counts that failure and leaves the provider up',
    async (reason) => {
      let calls = 0;
      const provider = fakeProvider((sound) => ({
        isSynchronous: false,
        encrypt: (plaintext, context, call) => {
          calls += 1;
          if (calls % 50 === 25) throw new ProviderFailure(reason, 'not now');
          return sound.encrypt(plaintext, context, call);
        },
      }));
      const result = await round(provider, { samples: 100, sizesBytes: [16] });
      expect(result.isUsable).toBe(true);
      const failed = result.failures.find(({ operation }) => operation === 'encrypt');
      expect(failed).toMatchObject({ reason, count: 2 });
      expect(result.failures).toContainEqual({ operation: 'round_trip', reason, count: 2 });
      expect(counts(result, 'encrypt').samples).toBe(98);
      expect(result.selfTests.get('round_trip')).toMatchObject({ outcome: 'passed' });
      expect([...result.selfTests].filter(([, { outcome }]) => outcome === 'failed')).toEqual([]);
    },
  );

  test('in which only a fault of ours is in the way says nothing of the provider', async () => {
    const barred = { encrypt: () => Promise.reject(new ExporterFault('proxy', 'the proxy answered 502')) };
    const result = await round(fakeProvider(() => ({ isSynchronous: false, ...barred })));
    expect(result).toMatchObject({ isUsable: false, fault: 'proxy', problem: 'the proxy answered 502', failures: [] });
    expect(result.uncertain).toEqual([
      { operation: 'encrypt', reason: 'proxy', count: 1 },
      { operation: 'round_trip', reason: 'proxy', count: 1 },
    ]);
    expect([...result.selfTests]).toEqual([]);
    const job = probeJob({ kind: 'local', name: 'aes' });
    const times = { startedAtSeconds: 1, endedAtSeconds: 2, pauseMs: 0, selfTests: [] };
    const well = await round(fakeProvider(), { samples: 1 });
    const up = (...rounds: readonly RoundResult[]) => total(metricsOf(job, ...rounds), 'field_encryption_provider_up');
    const [works, ours] = [
      { ...well, ...times },
      { ...result, ...times },
    ];
    const down = { ...works, isUsable: false };
    expect([up(ours), up(works, ours), up(down, ours, ours), up(down, ours, works)]).toEqual([undefined, 1, 0, 1]);
    const late = { ...ours, endedAtSeconds: 3600 };
    expect([up(works, late), up(down, late), up(works, late, down)]).toEqual([undefined, 0, 0]);
    const page = metricsOf(job, works, ours);
    expect(total(page, 'field_encryption_own_fault', { reason: 'proxy' })).toBe(1);
    expect(total(metricsOf(job, ours, works), 'field_encryption_own_fault')).toBe(0);
    expect(total(page, 'field_encryption_errors_total')).toBe(0);
    expect(total(page, 'field_encryption_operations_total', { outcome: 'failed' })).toBe(0);
    expect(total(page, 'field_encryption_operations_uncertain_total', { reason: 'proxy' })).toBe(2);
    expect(total(page, 'field_encryption_operations_uncertain_total')).toBe(2);
  });

  test('in which a test that failed cannot be made leaves it failed', async () => {
    const job = probeJob({ kind: 'local', name: 'aes' });
    const times = { startedAtSeconds: 1, endedAtSeconds: 2, pauseMs: 0 };
    const well = await round(fakeProvider(), { samples: 1 });
    const tested = (...[outcome]: readonly TestResult['outcome'][]): RoundResult => ({
      ...well,
      ...times,
      isUsable: outcome !== undefined,
      selfTests: outcome === undefined ? [] : [['wrong_aad', { outcome, why: '' }]],
    });
    const shown = (...rounds: readonly RoundResult[]) =>
      total(metricsOf(job, ...rounds), 'field_encryption_self_test_success');
    expect([shown(tested('failed'), tested()), shown(tested('failed'), tested('unknown'), tested())]).toEqual([0, 0]);
    expect(shown(tested('failed'), tested(), tested('passed'))).toBe(1);
    expect([tested(), tested('unknown'), tested('absent')].map((next) => shown(tested('passed'), next))).toEqual(
      Array(3).fill(undefined),
    );
    expect(shown(tested('failed'), tested('absent'))).toBeUndefined();
  });

  test('counts one fault of ours among a hundred operations, and leaves the provider up', async () => {
    let calls = 0;
    const provider = fakeProvider((sound) => ({
      isSynchronous: false,
      encrypt: (plaintext, context, call) => {
        calls += 1;
        if (calls % 50 === 25) throw Object.assign(new Error('too many open files'), { code: 'EMFILE' });
        return sound.encrypt(plaintext, context, call);
      },
    }));
    const result = await round(provider, { samples: 100, sizesBytes: [16] });
    expect(result).toMatchObject({ isUsable: true, failures: [] });
    expect(result.uncertain).toContainEqual({ operation: 'encrypt', reason: 'file-descriptors', count: 2 });
    expect(counts(result, 'encrypt').samples).toBe(98);
  });

  test('in which nothing works, and one failure is its own, is that of a provider that is down', async () => {
    let calls = 0;
    const provider = fakeProvider(() => ({
      encrypt: () => {
        calls += 1;
        throw calls === 2 ? new ProviderFailure('unavailable', 'sealed') : new ExporterFault('proxy', 'no way');
      },
    }));
    const result = await round(provider);
    expect(result).toMatchObject({ isUsable: false, problem: 'sealed' });
    expect(result.fault).toBeUndefined();
  });

  test('in which a self-test meets a fault of ours takes it for no refusal', async () => {
    const provider = fakeProvider((sound) => ({
      versions: undefined,
      decrypt: (sealed, context, call) => {
        if (context.includes('|other')) throw new TypeError('a mistake of ours');
        return sound.decrypt(sealed, context, call);
      },
    }));
    expect((await round(provider, { samples: 1 })).selfTests.get('wrong_aad')).toMatchObject({ outcome: 'absent' });
  });

  test('in which one size is refused measures the others', async () => {
    const provider = slowProvider(0, (sound) => ({
      encrypt: (plaintext, context, call) => {
        if (plaintext.length > 100) throw new ProviderFailure('protocol', 'status 413');
        return Promise.resolve(sound.encrypt(plaintext, context, call));
      },
    }));
    const result = await round(provider, { sizesBytes: [256, 16] });
    expect(result.isUsable).toBe(true);
    expect(counts(result, 'encrypt').samples).toBe(10);
    expect(result.failures).toContainEqual({ operation: 'encrypt', reason: 'protocol', count: 10 });
  });

  test('in which everything is encrypted and nothing decrypted is that of a provider that is down', async () => {
    const provider = fakeProvider(() => ({
      decrypt: () => {
        throw new ProviderFailure('auth', 'may not decrypt');
      },
    }));
    const result = await round(provider);
    expect(result).toMatchObject({ isUsable: false, problem: 'may not decrypt' });
    expect(result.failures).toContainEqual({ operation: 'decrypt', reason: 'auth', count: 1 });
  });

  test('opens again what was not there for a moment, and asks once where it was refused', async () => {
    const opened = async (reason: 'unavailable' | 'auth') => {
      let tries = 0;
      const provider = fakeProvider((sound) => ({
        open: (signal) => {
          tries += 1;
          return tries < 3 ? Promise.reject(new ProviderFailure(reason, 'no')) : sound.open(signal);
        },
      }));
      const { isUsable } = await round(provider, { samples: 1 });
      return { tries, isUsable };
    };
    expect(await opened('unavailable')).toEqual({ tries: 3, isUsable: true });
    expect(await opened('auth')).toEqual({ tries: 1, isUsable: false });
  });

  test('keeps what it measured before the provider went away', async () => {
    let calls = 0;
    const provider = slowProvider(1, (sound) => ({
      encrypt: (plaintext, context, call) => {
        calls += 1;
        if (calls > 30) throw new ProviderFailure('unavailable', 'gone');
        return Promise.resolve(sound.encrypt(plaintext, context, call));
      },
    }));
    const result = await round(provider, { samples: 100 });
    expect(counts(result, 'encrypt').samples).toBeGreaterThan(0);
    expect(result.failures).toContainEqual({ operation: 'encrypt', reason: 'unavailable', count: 3 });
    // Something worked: the next round will find out that nothing does.
    expect(result.isUsable).toBe(true);
    expect(result.selfTests.get('round_trip')).toMatchObject({ outcome: 'absent' });
  });

  test('abandons a call of a provider that ignores its deadline', async () => {
    const provider = slowProvider(0, () => ({ encrypt: () => new Promise(() => {}) }));
    const started = performance.now();
    // Longer than a busy machine holds this thread up, or nobody could tell.
    const result = await round(provider, { timeoutMs: 500 });
    expect(performance.now() - started).toBeLessThan(5000);
    expect(result.failures).toContainEqual({ operation: 'encrypt', reason: 'timeout', count: 1 });
    expect(result.problem).toBe('no answer after 500 ms');
  });

  test('is broken off when the exporter stops, and the provider is closed', async () => {
    const stopping = new AbortController();
    let closed = 0;
    const provider = slowProvider(5, (sound) => ({
      close: () => {
        closed += 1;
        return sound.close();
      },
    }));
    setTimeout(() => stopping.abort(), 50);
    await expect(round(provider, { samples: 10_000 }, stopping.signal)).rejects.toThrow('stopping');
    expect(closed).toBe(1);
  });

  test('tells nothing of what an error said', async () => {
    const provider = fakeProvider(() => ({
      encrypt: (plaintext) => {
        throw new Error(`cannot encrypt ${plaintext.toString()}`);
      },
    }));
    expect((await round(provider)).problem).toBe('unexpected Error in the exporter');
  });

  test('times what is too short for the clock in batches', async () => {
    const provider: Provider<Buffer> = {
      isSynchronous: true,
      bindsContext: false,
      anatomy: { dissect: (body) => ({ body }), assemble: ({ body }) => body },
      open: () => Promise.resolve(),
      encrypt: (plaintext) => plaintext,
      decrypt: (sealed) => sealed,
      close: () => Promise.resolve(),
    };
    // Interpreted, nothing takes less than a microsecond, and on a busy machine no single round has to be quick.
    let most = 0;
    for (let times = 0; times < 200 && most <= 2 * 20; times += 1) {
      await round(provider, { samples: 200 });
      most = Math.max(most, counts(await round(provider, { samples: 20 }), 'encrypt').samples);
    }
    expect(most).toBeGreaterThan(2 * 20);
  });
});

describe.skipIf(process.platform !== 'linux')('a thread that slept in a call', () => {
  const cell = new Int32Array(new SharedArrayBuffer(4));
  const sleeping = (isComputation: boolean) => {
    let calls = 0;
    return fakeProvider((sound) => ({
      isComputation,
      encrypt: (plaintext, context, call) => {
        calls += 1;
        // What is measured, and not what is tested after it.
        if (calls <= 10) Atomics.wait(cell, 0, 0, 40);
        return sound.encrypt(plaintext, context, call);
      },
    }));
  };

  test('was kept from its work where all there is to do is to compute', async () => {
    const result = await round(sleeping(true), { samples: 3 });
    expect(counts(result, 'encrypt')).toEqual({ samples: 6, met: 0, missed: 0 });
    expect(result.series.filter((one) => one.operation === 'encrypt').flatMap(({ seconds }) => seconds)).toEqual([]);
  });

  test('waited for the provider everywhere else', async () => {
    // On a busy machine it waits for a processor as well, at times for so long that nobody can tell of some.
    let found = { samples: 0, met: 0, missed: 0 };
    for (let rounds = 0; rounds < 10 && found.missed < 6; rounds += 1) {
      found = counts(await round(sleeping(false), { samples: 3, slaSeconds: 0.001 }), 'encrypt');
      expect(found).toMatchObject({ samples: 6, met: 0 });
    }
    expect(found.missed).toBe(6);
  });
});

describe('what disturbs a round itself', () => {
  const encryptions = ({ series }: RoundOutcome) => {
    const found = series.find((one) => one.operation === 'encrypt' && one.sizeBytes === 16);
    if (found === undefined) throw new Error('nothing measured');
    return found;
  };

  test('its own loop, blocked while an answer is waited for, taints and is never said to be a miss', async () => {
    const cell = new Int32Array(new SharedArrayBuffer(4));
    const blocked = slowProvider(5, (sound) => ({
      encrypt: (plaintext, context, call) => {
        // As in a library that waits for a device: no processor is used, and none is waited for.
        setTimeout(() => Atomics.wait(cell, 0, 0, 40), 1);
        return new Promise((resolve) => setTimeout(() => resolve(sound.encrypt(plaintext, context, call)), 5));
      },
    }));
    const result = encryptions(await round(blocked, { samples: 10, sizesBytes: [16], slaSeconds: 0.03 }));
    expect(result.seconds).toEqual([]);
    expect(result).toMatchObject({ tainted: 10, met: 0, missed: 0 });
    const free = encryptions(await round(slowProvider(5), { samples: 40, sizesBytes: [16], slaSeconds: 0.5 }));
    expect(free.seconds.length).toBeGreaterThan(0);
  });

  test('its own loop, blocked beyond the deadline, is no time-out of the provider', async () => {
    const cell = new Int32Array(new SharedArrayBuffer(4));
    const blocked = slowProvider(0, (sound) => ({
      encrypt: (plaintext, context, call) => {
        const sealed = sound.encrypt(plaintext, context, call);
        Atomics.wait(cell, 0, 0, 150);
        // Read after the timer of the deadline, as from a socket, although it was there before.
        return new Promise((resolve) => setTimeout(resolve, 3, sealed));
      },
    }));
    const result = await round(blocked, { samples: 2, sizesBytes: [16], slaSeconds: 0.03, timeoutMs: 100 });
    expect(result).toMatchObject({ isUsable: false, fault: 'event-loop', failures: [] });
  });

  test('a collection of garbage in the middle of an operation taints it', async () => {
    const provider = fakeProvider((sound) => ({
      // Or the threads that help to collect would show as a sleep, and taint by themselves.
      isComputation: false,
      encrypt: (plaintext, context, call) => {
        collectGarbage();
        return sound.encrypt(plaintext, context, call);
      },
    }));
    const result = encryptions(await round(provider, { samples: 5, sizesBytes: [16], slaSeconds: 0.0005 }));
    expect(result.seconds).toEqual([]);
    expect(result).toMatchObject({ tainted: 5, missed: 0 });
  });
});

describe('the time that measuring adds', () => {
  test('to an operation is less than a microsecond', async () => {
    const median = (values: readonly number[]) => values.toSorted((a, b) => a - b)[values.length >> 1] ?? Number.NaN;
    let addedMicroseconds = Number.POSITIVE_INFINITY;
    // A neighbour that keeps the compiler waiting makes our own code slow for a round, and not for all of them.
    for (let times = 0; times < 5; times += 1) {
      const own: number[] = [];
      // Says itself when it began and ended; the difference to what was measured is ours.
      const provider = fakeProvider((sound) => ({
        encrypt: (plaintext, context, call) => {
          const start = performance.now();
          const sealed = sound.encrypt(plaintext, context, call);
          own.push(performance.now() - start);
          return sealed;
        },
      }));
      const result = await round(provider, { samples: 3000, sizesBytes: [16] });
      const measured = result.series.find((one) => one.operation === 'encrypt')?.seconds ?? [];
      addedMicroseconds = Math.min(addedMicroseconds, median(measured) * 1e6 - median(own) * 1e3);
    }
    expect(addedMicroseconds).toBeLessThan(1);
  });
});

describe('samples', () => {
  const judged = (add: (samples: Samples) => void, garbage: { start: number; end: number }[] = []) => {
    const samples = new Samples(() => 10);
    add(samples);
    return samples.judge(garbage)[0];
  };

  test('are met, missed, or disturbed, and a disturbed one that was in time has met', () => {
    const result = judged((samples) => {
      const at = samples.at('encrypt', 16, 'warm');
      at.add(0, 10);
      at.add(100, 110.01);
      at.add(200, 205, 3);
      at.add(300, 320, 15);
    });
    expect(result).toMatchObject({ met: 2, missed: 1, tainted: 2, seconds: [0.01, expect.closeTo(0.01001)] });
  });

  test('are disturbed by a garbage collection within them, and by no other', () => {
    const result = judged(
      (samples) => {
        const at = samples.at('encrypt', 16, 'warm');
        at.add(0, 1);
        at.add(2, 3);
        at.add(4, 5);
      },
      [{ start: 2.2, end: 2.9 }],
    );
    expect(result).toMatchObject({ tainted: 1, met: 3 });
    expect(result?.seconds).toHaveLength(2);
  });

  test.each([
    [5, 0.4, 0],
    [5, 0.6, 1],
    [0.01, 0.2, 0],
    [0.01, 0.3, 1],
    [230, 0.9, 0],
    [230, 1.1, 1],
  ])('of %d ms with a disturbance of %d ms: %i tainted', (durationMs, disturbedMs, tainted) => {
    expect(judged((samples) => samples.at('encrypt', 16, 'warm').add(0, durationMs, disturbedMs))).toMatchObject({
      tainted,
    });
  });

  test.each([
    ['late by more than twice the disturbance have missed', 230, 100, 1],
    ['late by more than the disturbance, of which nobody sees all, may have been in time', 230, 115, 0],
    ['late by less than the disturbance may have been in time', 12, 5, 0],
  ])('%s', (_, durationMs, disturbedMs, missed) => {
    const result = judged((samples) => samples.at('encrypt', 16, 'warm').add(0, durationMs, disturbedMs));
    expect(result).toMatchObject({ met: 0, missed, tainted: 1, seconds: [] });
  });

  test('of a batch each count, with the mean', () => {
    expect(judged((samples) => samples.at('encrypt', 16, 'warm').add(0, 0.02, 0, 20))).toMatchObject({
      met: 20,
      seconds: new Array(20).fill(0.000001),
    });
  });
});

test.each([
  ['all in time', { seconds: [1, 1], tainted: 0, met: 2, missed: 0 }, 'kept'],
  ['all disturbed, and in time all the same', { seconds: [], tainted: 2, met: 2, missed: 0 }, 'kept'],
  ['all disturbed, and late even without that', { seconds: [], tainted: 2, met: 0, missed: 2 }, 'missed'],
  ['one that nobody can tell of', { seconds: [1], tainted: 1, met: 1, missed: 0 }, 'unknown'],
  ['one late of a hundred', { seconds: new Array(100).fill(1), tainted: 0, met: 99, missed: 1 }, 'kept'],
  ['two late of a hundred', { seconds: new Array(98).fill(1), tainted: 2, met: 98, missed: 2 }, 'missed'],
] as const)('a promise, %s, is judged by whatever is certain', (_, counts, verdict) => {
  expect(verdictOn(counts)).toBe(verdict);
});

test('an overlap is found among many intervals', () => {
  const intervals = Array.from({ length: 100 }, (_, index) => ({ start: index * 10, end: index * 10 + 2 }));
  expect(overlapMs({ start: 501, end: 511 }, intervals)).toBeCloseTo(2);
  expect(overlapMs({ start: 503, end: 509 }, intervals)).toBe(0);
  expect(overlapMs({ start: 0, end: 1000 }, intervals)).toBeCloseTo(200);
});

test('disturbed and undecided operations are counted separately', () => {
  const job = probeJob({ kind: 'local', name: 'aes' });
  const series = {
    operation: 'encrypt',
    sizeBytes: 16,
    temperature: 'warm',
    seconds: [0.001, 0.02],
    met: 3,
    missed: 2,
    tainted: 4,
  } as const;
  const page = metricsOf(job, {
    startedAtSeconds: 1,
    endedAtSeconds: 2,
    isUsable: true,
    series: [series],
    failures: [],
    uncertain: [],
    selfTests: [],
    pauseMs: 0,
  });
  expect(total(page, 'field_encryption_tainted_total')).toBe(4);
  expect(total(page, 'field_encryption_undecided_total')).toBe(1);
  expect(total(page, 'field_encryption_operations_total')).toBe(5);
  expect(total(page, 'field_encryption_probe_interval_seconds')).toBe(1);
});

describe('the time of a self-test', () => {
  const job = probeJob({ kind: 'local', name: 'aes' });
  const name = 'field_encryption_self_test_timestamp_seconds';
  const result = (endedAtSeconds: number, selfTests: RoundResult['selfTests']): RoundResult => ({
    startedAtSeconds: endedAtSeconds - 1,
    endedAtSeconds,
    isUsable: true,
    series: [],
    failures: [],
    uncertain: [],
    selfTests,
    pauseMs: 0,
  });
  const why = '';

  test('is when it was last made, and stays there once it cannot be made any more', () => {
    const page = metricsOf(
      job,
      result(100, [
        ['round_trip', { outcome: 'passed', why }],
        ['wrong_aad', { outcome: 'failed', why }],
      ]),
      result(200, [
        ['round_trip', { outcome: 'passed', why }],
        ['wrong_aad', { outcome: 'absent', why }],
        ['wrong_key', { outcome: 'absent', why }],
      ]),
    );
    expect(total(page, name, { test: 'round_trip' })).toBe(200);
    expect(total(page, name, { test: 'wrong_aad' })).toBe(100);
    expect(total(page, name, { test: 'wrong_key' })).toBeUndefined();
    expect(total(page, 'field_encryption_self_test_success', { test: 'wrong_aad' })).toBeUndefined();
  });

  test('is 0 for a provider that never was tested', () => {
    const page = metricsOf(job, result(100, [['round_trip', { outcome: 'absent', why }]]));
    expect(total(page, name)).toBe(0);
  });

  test('is that of the round it was made in, where the result was only kept', () => {
    const page = metricsOf(job, result(200, [['wrong_key', { outcome: 'passed', why, madeAtSeconds: 100 }]]));
    expect(total(page, name, { test: 'wrong_key' })).toBe(100);
  });
});

test('percentiles are durations that were measured', () => {
  const values = Array.from({ length: 100 }, (_, index) => index + 1);
  expect(percentiles(values)).toEqual({ count: 100, p50: 50, p95: 95, p99: 99, max: 100 });
  expect(percentiles([7])).toEqual({ count: 1, p50: 7, p95: 7, p99: 7, max: 7 });
  expect(percentiles([])).toBeUndefined();
});

test.each([
  [0.000_007_21, '7.21 µs'],
  [0.001_04, '1.04 ms'],
  [0.23, '230 ms'],
  [1.5, '1.5 s'],
])('%d s is %s', (seconds, text) => {
  expect(formatSeconds(seconds)).toBe(text);
});
