/**
 * Whether short values are text that was encoded in place of being encrypted. One of them proves nothing, because a few random
 * bytes may read as text. So a column is judged: how many of its different values read as text, and how many would by chance.
 *
 * Kept are counts and hashes, at most {@link MOST_HASHES} of each sort for each length: no value, and bounded memory.
 */
import { z } from 'zod';

/** Longer parts are judged one by one. Three blocks of a block cipher are short: a text of 24 bytes with its padding has two. */
export const SHORT_BYTES = 63;
/** Parts of a ciphertext that may hold the text: all of it, or what is before a tag. */
export const MOST_SPANS = 4;
/** Of a row's mark, one byte for each part: the length, and this when it reads as text. */
export const READS = 0x80;

/**
 * The probability that a scan of a column of ciphertexts calls any of its rows plain text. It is shared among all that is tested:
 * each length of each part, and the rare lengths of each part together.
 */
export const FALSE_ALARM = 1e-9;
const TESTS = MOST_SPANS * (SHORT_BYTES + 1);
/** Lengths at which fewer values than this would read by chance are judged together. */
const RARE = 0.01;

export const MOST_HASHES = 64;
const HASH_BYTES = 6;
/** The number of different values is estimated from 32 to 64 of them; it is less than three times that in all but 10^-20 cases. */
const AT_MOST_TIMES = 3;

const count = z.int().nonnegative();
/** Different values, thinned: of all of them, those whose hash begins with so many bits that are 0. */
const sampleSchema = z.object({ bits: count, hashes: z.array(z.string()) });
type Sample = z.infer<typeof sampleSchema>;

const lengthSchema = z.object({ rows: count, readable: count, values: sampleSchema, readableValues: sampleSchema });
type OfLength = z.infer<typeof lengthSchema>;

/** By part and length, such as `0:16`. */
export const shortValuesSchema = z.record(z.string(), lengthSchema);
export type ShortValues = z.infer<typeof shortValuesSchema>;

/**
 * @param marks one byte for each part of a value: 0, or its length, and {@link READS} when it reads as text.
 * @param hash of the whole ciphertext. Copies of a value are no further evidence.
 */
export function addShortValue(all: ShortValues, marks: Buffer, hash: Buffer): void {
  for (const [part, mark] of marks.entries()) {
    const length = mark & SHORT_BYTES;
    if (length === 0) continue;
    const key = `${part}:${length}`;
    const known = all[key] ?? { rows: 0, readable: 0, values: emptySample(), readableValues: emptySample() };
    all[key] = known;
    known.rows += 1;
    addHash(known.values, hash);
    if ((mark & READS) === 0) continue;
    known.readable += 1;
    addHash(known.readableValues, hash);
  }
}

/** How many rows are text, as far as chance does not explain that they read so. */
export function readableRows(all: ShortValues): number {
  const ofPart = new Map<string, { readonly length: number; readonly seen: OfLength }[]>();
  for (const [key, seen] of Object.entries(all)) {
    const [part = '', length = ''] = key.split(':');
    ofPart.set(part, [...(ofPart.get(part) ?? []), { length: Number(length), seen }]);
  }
  // The parts of one value overlap, so that the largest number counts.
  return Math.max(0, ...[...ofPart.values()].map(rowsOfPart));
}

function rowsOfPart(lengths: readonly { readonly length: number; readonly seen: OfLength }[]): number {
  const judged = lengths.map(({ length, seen }) => ({
    chance: chanceToRead(length),
    expected: differentAtMost(seen) * chanceToRead(length),
    seen,
  }));
  const rare = judged.filter(({ expected }) => expected < RARE);
  const rareRead = rare.reduce((sum, { seen }) => sum + estimate(seen.readableValues), 0);
  const rareExpected = rare.reduce((sum, { expected }) => sum + expected, 0);
  const areRareText = isNoChance(rareRead, rareExpected);
  return judged.reduce((sum, { chance, expected, seen }) => {
    const thinning = 2 ** -seen.readableValues.bits;
    const isText =
      (expected < RARE && areRareText) || isNoChance(seen.readableValues.hashes.length, expected * thinning);
    if (!isText) return sum;
    // As many of the others read by chance as their length makes likely.
    const byChance = ((seen.rows - seen.readable) * chance) / (1 - chance);
    return sum + Math.max(seen.readable > 0 ? 1 : 0, Math.round(seen.readable - byChance));
  }, 0);
}

/** Chernoff's bound for a sum of independent events. */
function isNoChance(found: number, expected: number): boolean {
  if (found <= expected || found === 0) return false;
  const exponent = found * Math.log(found / expected) - found + expected;
  return exponent > Math.log(TESTS / FALSE_ALARM);
}

function differentAtMost({ rows, values }: OfLength): number {
  return values.bits === 0 ? values.hashes.length : Math.min(rows, AT_MOST_TIMES * estimate(values));
}

function estimate({ bits, hashes }: Sample): number {
  return hashes.length * 2 ** bits;
}

function emptySample(): Sample {
  return { bits: 0, hashes: [] };
}

function addHash(sample: Sample, hash: Buffer): void {
  if (leadingZeros(hash) < sample.bits) return;
  const written = hash.toString('hex', 0, HASH_BYTES);
  if (sample.hashes.includes(written)) return;
  sample.hashes.push(written);
  while (sample.hashes.length > MOST_HASHES) {
    sample.bits += 1;
    sample.hashes = sample.hashes.filter((each) => leadingZeros(Buffer.from(each, 'hex')) >= sample.bits);
  }
}

/** Up to 32, which is more values than any table has times {@link MOST_HASHES}. */
function leadingZeros(hash: Buffer): number {
  return Math.clz32(hash.readUInt32BE(0));
}

/** ASCII with tabulator and line ends; leads of two, three and four bytes, each with what may follow. */
const CHARACTERS = [98 / 256, (30 * 64) / 256 ** 2, (16 * 64 ** 2) / 256 ** 3, (5 * 64 ** 3) / 256 ** 4] as const;
/** A byte of padding: of zeros, or as PKCS#7 has it. */
const PADDING = 17 / 256;
/** A character of an alphabet in UTF-16. */
const WIDE = 33 / 256;

/** Not less than the probability that so many random bytes read as text, by `shortReadsSql`. */
export function chanceToRead(length: number): number {
  const texts = [1];
  for (let bytes = 1; bytes <= length; bytes += 1) {
    texts.push(CHARACTERS.reduce((sum, chance, index) => sum + chance * (texts[bytes - 1 - index] ?? 0), 0));
  }
  const padded = texts.slice(1).reduce((sum, chance, index) => sum + chance * PADDING ** (length - 1 - index), 0);
  const wide = length >= SHORTEST_WIDE && length % 2 === 0 ? 2 * WIDE ** (length / 2) : 0;
  return Math.min(0.999, padded + wide);
}

export const SHORTEST_WIDE = 4;
