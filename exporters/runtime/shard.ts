import { createHash } from 'node:crypto';

/** A shard of the names: each name belongs to exactly one of `count` exporters. */
export interface Shard {
  /** 1-based. */
  readonly index: number;
  readonly count: number;
  owns(name: string): boolean;
}

export class InvalidShard extends Error {
  override readonly name = 'InvalidShard';
}

/** Every name. */
export const wholeShard: Shard = { index: 1, count: 1, owns: () => true };

/** @throws {InvalidShard} unless the text is `index/count` with 1 <= index <= count. */
export function parseShard(text: string): Shard {
  const match = /^([1-9]\d{0,4})\/([1-9]\d{0,4})$/.exec(text);
  const index = Number(match?.[1]);
  const count = Number(match?.[2]);
  if (match === null || index > count) {
    throw new InvalidShard(`'${text}' is no shard; expected index/count, such as 2/4 for the second of four`);
  }
  return { index, count, owns: (name) => placeOf(name, count) === index };
}

/**
 * The shard depends only on the name, so that all exporters agree without communication. It uses a cryptographic hash,
 * because names that differ in one character must also be spread; it runs once per name and reload.
 */
function placeOf(name: string, count: number): number {
  return (createHash('sha256').update(name).digest().readUInt32BE(0) % count) + 1;
}
