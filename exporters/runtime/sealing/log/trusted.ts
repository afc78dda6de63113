import { z } from 'zod';
import { SealRefused } from '../errors.js';
import type { Disk } from './disk.js';

export const trustedState = z.strictObject({
  origin: z.string(),
  seq: z.int().nonnegative(),
  size: z.int().nonnegative(),
  root: z.string(),
  /** SHA-256 of the entry's line. */
  hash: z.string(),
  /** Who may sign what follows. */
  keys: z.array(z.string()).min(1),
});

/** The last state that was verified. It only ever moves forward, and never after a failure. */
export type TrustedState = z.infer<typeof trustedState>;

export async function readTrusted(disk: Disk, path: string): Promise<TrustedState | undefined> {
  const text = await disk.readText(path);
  if (text === undefined) return undefined;
  try {
    return trustedState.parse(JSON.parse(text));
  } catch (cause) {
    // It is replaced as a whole, so no crash leaves half of it.
    throw new SealRefused('missing', `the trusted state ${path} is damaged; restore it from a backup or an anchor`, {
      cause,
    });
  }
}

export async function writeTrusted(disk: Disk, path: string, state: TrustedState): Promise<void> {
  await disk.replace(path, `${JSON.stringify(state, undefined, 2)}\n`);
}
