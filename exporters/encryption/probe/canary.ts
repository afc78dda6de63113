import { randomFillSync } from 'node:crypto';

/** The context of a ciphertext: in another context it must not decrypt. The provider adds the key version. */
export function contextOf(row: string): Buffer {
  return Buffer.from(`kop_canary|value|${row}`);
}

/** Random, so that it cannot be compressed or cached; printable, so that text functions accept it. */
export function canary(bytes: number): Buffer {
  const plaintext = Buffer.allocUnsafe(bytes);
  randomFillSync(plaintext);
  for (let index = 0; index < bytes; index += 1) plaintext[index] = 0x21 + ((plaintext[index] ?? 0) % 94);
  return plaintext;
}

/** Label of a size: `16B`, `4KiB`. */
export function sizeLabel(bytes: number): string {
  return bytes >= 1024 && bytes % 1024 === 0 ? `${bytes / 1024}KiB` : `${bytes}B`;
}
