import { PRINT_BYTES, type Stretch } from './batch.js';
import { duplicates } from './hash-buckets.js';
import type { Spool } from './spool.js';

/** Rows that share a nonce under one key version, judged by hashes. */
export interface NonceGroup {
  /** The eight bytes of the nonce's hash. */
  readonly print: string;
  readonly rows: number;
  /** Where two rows with different ciphertexts are, for the second check. */
  readonly stretches: readonly Stretch[];
}

export interface Repetitions {
  /** Rows whose ciphertext is identical to that of another row. */
  readonly copies: number;
  /** Same nonce, different ciphertexts. */
  readonly suspects: readonly NonceGroup[];
}

/** Limit of different ciphertexts counted in one group; more do not change the finding. */
const MAX_CIPHERTEXTS = 10_000;
const MAX_CIPHERTEXTS_IN_ALL = 400_000;

interface Group {
  rows: number;
  readonly ciphertexts: Map<bigint, number>;
  readonly first: { readonly ciphertext: bigint; readonly stretch: Stretch };
  other: Stretch | undefined;
}

/** Reads the hashes twice: to find repeated nonces, and to find their ciphertexts. */
export async function repetitions(spool: Spool, total: number, signal: AbortSignal): Promise<Repetitions> {
  const { hashes } = await duplicates(spool, total, signal);
  if (hashes.size === 0) return { copies: 0, suspects: [] };
  const groups = new Map<bigint, Group>();
  let kept = 0;
  for await (const { stretch, prints } of spool.blocks()) {
    signal.throwIfAborted();
    for (let at = 0; at < prints.length; at += PRINT_BYTES) {
      const nonce = prints.readBigUInt64BE(at);
      if (!hashes.has(nonce)) continue;
      const ciphertext = prints.readBigUInt64BE(at + 8);
      const group = groups.get(nonce) ?? newGroup(ciphertext, stretch);
      groups.set(nonce, group);
      group.rows += 1;
      if (ciphertext !== group.first.ciphertext) group.other ??= stretch;
      const times = group.ciphertexts.get(ciphertext);
      if (times !== undefined) group.ciphertexts.set(ciphertext, times + 1);
      else if (group.ciphertexts.size < MAX_CIPHERTEXTS && kept < MAX_CIPHERTEXTS_IN_ALL) {
        group.ciphertexts.set(ciphertext, 1);
        kept += 1;
      }
    }
  }
  return summary(groups);
}

function newGroup(ciphertext: bigint, stretch: Stretch): Group {
  return { rows: 0, ciphertexts: new Map(), first: { ciphertext, stretch }, other: undefined };
}

function summary(groups: ReadonlyMap<bigint, Group>): Repetitions {
  let copies = 0;
  const suspects: NonceGroup[] = [];
  for (const [print, { rows, ciphertexts, first, other }] of groups) {
    for (const times of ciphertexts.values()) if (times > 1) copies += times;
    if (other !== undefined) {
      const stretches = other.upTo === first.stretch.upTo ? [other] : [first.stretch, other];
      suspects.push({ print: print.toString(16).padStart(16, '0'), rows, stretches });
    }
  }
  return { copies, suspects };
}
