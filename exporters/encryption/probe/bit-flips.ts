/** Changed copies of a ciphertext's parts, for the self-tests. */
import { randomInt } from 'node:crypto';

/** Distance for an unknown format: so small that an IV (12 bytes or more) cannot lie between two positions. */
const FLIP_EVERY_BYTES = 8;
const MOST_FLIPS = 32;

/** A copy with one bit changed, at this share of its length. */
export function flipped(bytes: Buffer, share: number): Buffer {
  return flippedAt(bytes, Math.floor(bytes.length * share));
}

function flippedAt(bytes: Buffer, place: number): Buffer {
  const copy = Buffer.from(bytes);
  copy[place] = (copy[place] ?? 0) ^ 0x01;
  return copy;
}

/** Changes along the bytes, at random offsets, so that over time every byte is changed. */
export function everywhere<T>(bytes: Buffer, change: (changed: Buffer) => T): T[] {
  const step = Math.max(FLIP_EVERY_BYTES, Math.ceil(bytes.length / MOST_FLIPS));
  const changes: T[] = [];
  for (let at = randomInt(Math.min(step, bytes.length)); at < bytes.length; at += step) {
    changes.push(change(flippedAt(bytes, at)));
  }
  return changes;
}
