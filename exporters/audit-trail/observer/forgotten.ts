import { z } from 'zod';

/** For what is true only while somebody polls: it is kept for others to read, and forgotten when an observer begins. */
export function forgotten<T>() {
  return z
    .unknown()
    .transform((): T | undefined => undefined)
    .optional();
}
