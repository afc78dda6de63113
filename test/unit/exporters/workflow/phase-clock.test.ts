import { performance } from 'node:perf_hooks';
import { beforeEach, expect, test, vi } from 'vitest';
import { LoopWatch } from '../../../../exporters/runtime/measuring/loop-watch.js';
import { addPhases, PhaseClock } from '../../../../exporters/runtime/measuring/phase-clock.js';

let now = 0;

beforeEach(() => {
  now = 1000;
  const spy = vi.spyOn(performance, 'now').mockImplementation(() => now);
  return () => spy.mockRestore();
});

test('the phases add up to the whole, and pauses are left out', () => {
  const clock = new PhaseClock(new LoopWatch());
  clock.enter('dns');
  now += 2;
  clock.enter('connect');
  now += 3;
  clock.enter('wait');
  now += 10;
  clock.stop();
  now += 500;
  clock.enter('wait');
  now += 5;
  clock.stop();
  expect(clock.phases).toEqual({ dns: 2, connect: 3, tls: 0, send: 0, wait: 15, receive: 0 });
  expect(clock.totalMs).toBe(20);
});

test('one that never ran has no phases', () => {
  expect(new PhaseClock(new LoopWatch()).phases).toEqual({});
});

test('ended, a late event does not start it again', () => {
  const clock = new PhaseClock(new LoopWatch());
  clock.enter('wait');
  now += 1;
  clock.end();
  clock.enter('receive');
  now += 50;
  clock.stop();
  expect(clock.totalMs).toBe(1);
});

test('phases of several tries are added', () => {
  expect(addPhases({}, {})).toEqual({});
  expect(addPhases({ dns: 1, wait: 2 }, { wait: 3, receive: 4 })).toEqual({ dns: 1, wait: 5, receive: 4 });
});
