import { performance } from 'node:perf_hooks';
import { onTestFinished, vi } from 'vitest';

/** Lets time pass on the monotonic clock without waiting for it. Timers that run already are not touched. */
export function timeTravel(): (ms: number) => void {
  const real = performance.now.bind(performance);
  let offset = 0;
  const spy = vi.spyOn(performance, 'now').mockImplementation(() => real() + offset);
  onTestFinished(() => spy.mockRestore());
  return (ms) => {
    offset += ms;
  };
}

/** Holds this thread's event loop, as a large page or a long regular expression would. */
export function block(ms: number): void {
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, ms);
}
