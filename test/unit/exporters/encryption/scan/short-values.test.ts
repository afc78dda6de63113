import { randomBytes } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import { shortMark } from '../../../../../exporters/encryption/scan/reads-as-text.js';
import {
  addShortValue,
  chanceToRead,
  MOST_HASHES,
  READS,
  readableRows,
  type ShortValues,
} from '../../../../../exporters/encryption/scan/short-values.js';

function tallyOf(values: readonly Buffer[]): ShortValues {
  const all: ShortValues = {};
  for (const value of values) addShortValue(all, Buffer.from([shortMark(value), 0, 0, 0]), hashOf(value));
  return all;
}

const hashes = new Map<string, Buffer>();
function hashOf(value: Buffer): Buffer {
  const key = value.toString('hex');
  const hash = hashes.get(key) ?? randomBytes(8);
  hashes.set(key, hash);
  return hash;
}

const random = (rows: number, bytes: number) => Array.from({ length: rows }, () => randomBytes(bytes));
const texts = (rows: number, of: (row: number) => string) =>
  Array.from({ length: rows }, (_, row) => Buffer.from(of(row)));

describe('random bytes read as text', () => {
  test.each([1, 2, 3, 4, 5, 6, 8])('no oftener than is reckoned with, %i of them', (length) => {
    const rows = 40_000;
    const read = random(rows, length).filter((value) => (shortMark(value) & READS) !== 0).length;
    const expected = rows * chanceToRead(length);
    expect(read).toBeLessThan(expected + 5 * Math.sqrt(expected) + 5);
    // Nor is so much reckoned with that text would be excused.
    expect(read).toBeGreaterThan(0.5 * expected - 5 * Math.sqrt(expected) - 5);
  });

  test('in no length so often that a column of them is suspected', () => {
    for (let length = 1; length <= 63; length += 1) expect(readableRows(tallyOf(random(300, length)))).toBe(0);
  });

  test('nor where the same few ciphertexts stand in each row', () => {
    for (let trial = 0; trial < 50; trial += 1) {
      const few = random(3, 3);
      expect(readableRows(tallyOf(random(1000, 1).map((_, row) => few[row % 3] ?? Buffer.alloc(0))))).toBe(0);
    }
  });
});

describe('a column of short texts', () => {
  const names = texts(600, (row) => `Müller Anna ${row}`);

  test('is told, and each of its rows is counted', () => {
    expect(readableRows(tallyOf(names))).toBe(600);
  });

  test.each([
    ['padded as a block cipher does', texts(600, (row) => `Anna ${row}`.padEnd(16, '\x07'))],
    ['in another script', texts(600, (row) => `Ольга ${row}`)],
    ['in UTF-16', texts(600, (row) => `Anna ${row}`).map((each) => Buffer.from(each.toString(), 'utf16le'))],
    ['of four letters', texts(600, (row) => `N${100 + row}`)],
    ['of all lengths', texts(63, (row) => 'a'.repeat(row + 1))],
  ])('%s, too', (_, values) => {
    expect(readableRows(tallyOf(values))).toBeGreaterThan(values.length * 0.8);
  });

  test('is told among ciphertexts: four rows of 20 bytes among 1,000, twenty among 20,000', () => {
    const few = texts(4, (row) => `Müller Anna, 1980-${row}`);
    expect(readableRows(tallyOf([...random(1000, 20), ...few]))).toBe(4);
    const more = texts(20, (row) => `Anna Muller 19${10 + row}`);
    // One of 20,000 may read by chance.
    expect(Math.abs(readableRows(tallyOf([...random(20_000, 16), ...more])) - 20)).toBeLessThan(5);
  });

  test('is told where each stands in many rows', () => {
    expect(readableRows(tallyOf([...names, ...names, ...names]))).toBe(1800);
  });

  test('is not told by one value, however often it stands there', () => {
    expect(readableRows(tallyOf(Array.from({ length: 1000 }, () => Buffer.from('Anna Muller 1980'))))).toBe(0);
  });
});

test('what is kept does not grow with the rows', () => {
  const all = tallyOf(random(20_000, 16));
  expect(Object.keys(all)).toEqual(['0:16']);
  expect(all['0:16']?.values.hashes.length).toBeLessThanOrEqual(MOST_HASHES);
  expect(JSON.stringify(tallyOf([...Array(63).keys()].flatMap((index) => random(500, index + 1)))).length).toBeLessThan(
    150_000,
  );
});
