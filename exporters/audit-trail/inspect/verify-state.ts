import { mkdir, readFile, rename, writeFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import { z } from 'zod';
import { errorCode } from '../../runtime/error-code.js';
import { trustedState } from '../../runtime/sealing/log/trusted.js';
import type { ChunkFailure } from '../seal/index.js';

const count = z.int().nonnegative();
const position = z.object({ order: z.string(), id: z.string() });
const failure = z.object({
  kind: z.enum(['chunk', 'missing']),
  seq: count,
  sealedAt: z.string(),
  expected: count,
  found: count,
  changed: z.array(position),
  missing: z.array(position),
  added: z.array(position),
  isLocalised: z.boolean(),
}) satisfies z.ZodType<ChunkFailure>;

const rowsPass = z.object({
  /** The entry that it began with, and whether it is one of everything. */
  start: count,
  isFull: z.boolean(),
  /** The entry to go on with. */
  next: count,
  rows: count,
  chunks: count,
  disposedChunks: count,
  failures: z.array(failure),
  startedAt: z.string(),
});
export type RowsPass = z.infer<typeof rowsPass>;

/**
 * The state of a verifier. It lies apart from the seal directory, because whoever can rewrite that must not reach this. It
 * names records by id and holds nothing of their content.
 */
const verifyState = z.strictObject({
  version: z.literal(1),
  origin: z.string(),
  /** Pinned at the first verification, or taken over from the log then. */
  keys: z.array(z.string()),
  isPinned: z.boolean(),
  trusted: trustedState.optional(),
  /** Rows under this many entries were found as sealed, at this time. */
  rowsUpTo: z.object({ entries: count, at: z.string() }).optional(),
  sweep: rowsPass.optional(),
});
export type VerifyState = z.infer<typeof verifyState>;

export class UnreadableState extends Error {
  override readonly name = 'UnreadableState';
}

export async function readVerifyState(path: string, origin: string): Promise<VerifyState | undefined> {
  let text: string;
  try {
    text = await readFile(path, 'utf8');
  } catch (error) {
    if (errorCode(error) === 'ENOENT') return undefined;
    throw error;
  }
  try {
    const state = verifyState.parse(JSON.parse(text));
    if (state.origin !== origin) throw new Error(`it is of ${state.origin}`);
    return state;
  } catch (cause) {
    // Silently beginning anew would forget what was verified before, which an attacker would want.
    throw new UnreadableState(
      `what earlier verifications remembered, ${path}, cannot be used; put it back from a backup, or remove it and give --key`,
      { cause },
    );
  }
}

export async function writeVerifyState(path: string, state: VerifyState): Promise<void> {
  await mkdir(dirname(path), { recursive: true, mode: 0o700 });
  await writeFile(`${path}.new`, `${JSON.stringify(state, undefined, 2)}\n`, { mode: 0o600 });
  await rename(`${path}.new`, path);
}
