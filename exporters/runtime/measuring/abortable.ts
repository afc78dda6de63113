import type { Cancellation } from './cancellation.js';

/** A promise that rejects with the signal's reason on abort, and that removes its listener in every case. */
export function abortable<T>(
  signal: Cancellation,
  start: (done: (value: T) => void, fail: (error: unknown) => void, onAbort: (cleanUp: () => void) => void) => void,
): Promise<T> {
  return new Promise<T>((resolve, reject) => {
    if (signal.aborted) {
      reject(signal.reason);
      return;
    }
    let cleanUp = () => {};
    const aborted = () => {
      cleanUp();
      reject(signal.reason);
    };
    const settle = () => signal.removeEventListener('abort', aborted);
    signal.addEventListener('abort', aborted, { once: true });
    const fail = (error: unknown) => {
      settle();
      reject(error);
    };
    try {
      start(
        (value) => {
          settle();
          resolve(value);
        },
        fail,
        (action) => {
          cleanUp = action;
        },
      );
    } catch (error) {
      fail(error);
    }
  });
}
