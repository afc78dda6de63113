import { performance } from 'node:perf_hooks';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { RunSchedule } from '../../../../exporters/workflow/schedule.js';

const timing = { intervalMs: 10_000, jitterRatio: 0, timeoutMs: 5000, warmupRuns: 0 };

const EPOCH = 1_700_000_000_000;
/** How much further the monotonic clock is than the timers, as after SIGSTOP. */
let stoppedMs = 0;

beforeEach(() => {
  stoppedMs = 0;
  vi.useFakeTimers({ now: EPOCH, toFake: ['setTimeout', 'clearTimeout', 'Date'] });
  vi.spyOn(performance, 'now').mockImplementation(() => Number(vi.getMockedSystemTime()) - EPOCH + stoppedMs);
});

afterEach(() => {
  vi.useRealTimers();
  vi.restoreAllMocks();
});

function schedule(over: Partial<typeof timing> = {}, run: () => Promise<void> = () => Promise.resolve(), name = 'a') {
  const starts: number[] = [];
  const drops: [reason: string, count: number][] = [];
  const subject = new RunSchedule(
    name,
    { ...timing, ...over },
    () => {
      starts.push(performance.now());
      return run();
    },
    (reason, count) => drops.push([reason, count]),
  );
  return { subject, starts, drops };
}

/** Begins, and waits for the first start. */
async function first(subject: RunSchedule, starts: readonly number[]): Promise<void> {
  subject.begin();
  for (let waited = 0; starts.length === 0 && waited < 20_000; waited += 1) await vi.advanceTimersByTimeAsync(1);
}

const gaps = (starts: readonly number[]) =>
  starts.slice(1).map((start, index) => Math.round(start - (starts[index] ?? 0)));

describe('pace', () => {
  test('each name has its own place in the interval, always the same', async () => {
    const firstStart = async (name: string) => {
      const began = performance.now();
      const { subject, starts } = schedule({}, undefined, name);
      subject.begin();
      await vi.advanceTimersByTimeAsync(20_000);
      await subject.end();
      return Math.round((starts[0] ?? Number.NaN) - began);
    };
    const places = [await firstStart('a'), await firstStart('b'), await firstStart('c')];
    expect(new Set(places).size).toBe(3);
    expect(await firstStart('a')).toBe(places[0]);
    for (const place of places) expect(place).toBeLessThan(13_000);
  });

  test('is steady, and does not drift with what the runs take', async () => {
    const { subject, starts, drops } = schedule({}, () => new Promise((resolve) => setTimeout(resolve, 9500)));
    await first(subject, starts);
    await vi.advanceTimersByTimeAsync(50_000);
    expect(gaps(starts)).toEqual([10_000, 10_000, 10_000, 10_000, 10_000]);
    expect(drops).toEqual([]);
  });

  test('jitter comes on top of it and does not add up', async () => {
    const random = vi.spyOn(Math, 'random').mockReturnValue(0);
    for (const value of [0.5, 1, 0, 0.5]) random.mockReturnValueOnce(value);
    const { subject, starts } = schedule({ jitterRatio: 0.2 });
    await first(subject, starts);
    await vi.advanceTimersByTimeAsync(35_000);
    expect(gaps(starts).slice(0, 3)).toEqual([11_000, 8000, 11_000]);
  });

  test.each([-7_200_000, 7_200_000])('a step of the wall clock by %i ms moves nothing', async (step) => {
    const { subject, starts, drops } = schedule();
    await first(subject, starts);
    await vi.advanceTimersByTimeAsync(15_000);
    const wall = Date.now();
    vi.spyOn(Date, 'now').mockImplementation(() => wall + step);
    await vi.advanceTimersByTimeAsync(35_000);
    expect(gaps(starts)).toEqual([10_000, 10_000, 10_000, 10_000, 10_000]);
    expect(drops).toEqual([]);
  });
});

describe('warm-up', () => {
  test('comes within seconds, whatever the interval, one run after the other, and then the pace', async () => {
    const { subject, starts } = schedule(
      { warmupRuns: 2, intervalMs: 3_600_000 },
      () => new Promise((resolve) => setTimeout(resolve, 400)),
    );
    subject.begin();
    await vi.advanceTimersByTimeAsync(5000);
    expect(gaps(starts)).toEqual([400]);
    await vi.advanceTimersByTimeAsync(2 * 3_600_000);
    expect(gaps(starts).at(-1)).toBe(3_600_000);
  });
});

describe('what is dropped', () => {
  test('a start that finds the previous run still going', async () => {
    let finish = () => {};
    const { subject, starts, drops } = schedule({}, () => new Promise<void>((resolve) => (finish = resolve)));
    await first(subject, starts);
    await vi.advanceTimersByTimeAsync(25_000);
    expect(starts).toHaveLength(1);
    expect(drops).toEqual([
      ['overlap', 1],
      ['overlap', 1],
    ]);
    finish();
    await vi.advanceTimersByTimeAsync(10_000);
    expect(starts).toHaveLength(2);
  });

  test('starts that were missed while the process was stopped come once, not in a burst', async () => {
    const { subject, starts, drops } = schedule();
    await first(subject, starts);
    stoppedMs = 45_000;
    await vi.advanceTimersByTimeAsync(10_000);
    expect(starts).toHaveLength(2);
    expect(drops).toEqual([['late', 4]]);
    await vi.advanceTimersByTimeAsync(10_000);
    expect(starts).toHaveLength(3);
  });
});

test('the end waits for the run in progress and starts no other', async () => {
  let finish = () => {};
  const { subject, starts } = schedule({}, () => new Promise<void>((resolve) => (finish = resolve)));
  await first(subject, starts);
  let ended = false;
  void subject.end().then(() => (ended = true));
  await vi.advanceTimersByTimeAsync(60_000);
  expect(ended).toBe(false);
  finish();
  await vi.advanceTimersByTimeAsync(0);
  expect(ended).toBe(true);
  expect(starts).toHaveLength(1);
});

test('ended before its first start, it never starts', async () => {
  const { subject, starts } = schedule({ warmupRuns: 1 });
  subject.begin();
  await subject.end();
  await vi.advanceTimersByTimeAsync(60_000);
  expect(starts).toEqual([]);
});
