import { describe, expect, test } from 'vitest';
import {
  type CanaryBook,
  canaryOfAge,
  newBook,
  oldestOfVersions,
  readBook,
  wantsAnother,
  withCanary,
  withoutVersions,
  writtenBook,
} from '../../../../exporters/encryption/probe/canary-book.js';

const DAY = 86_400_000;
const start = Date.UTC(2026, 0, 1);
const made = (madeAtMs: number, version?: string) => ({
  madeAtMs,
  ...(version === undefined ? {} : { version }),
  context: 'kop_canary|value|aged',
  digest: 'd',
  sealed: `sealed at ${madeAtMs}`,
});

/** As an exporter keeps them that looks every hour. */
function keptFor(
  days: number,
  versionAt: (day: number) => string | undefined = () => undefined,
  gap?: [number, number],
) {
  let book: CanaryBook = newBook;
  for (let hour = 0; hour <= days * 24; hour += 1) {
    const day = hour / 24;
    if (gap !== undefined && day > gap[0] && day < gap[1]) continue;
    const now = start + hour * 3_600_000;
    if (wantsAnother(book, versionAt(day), now)) book = withCanary(book, made(now, versionAt(day)), now);
  }
  return { book, now: start + days * DAY };
}

const ageOf = ({ book, now }: ReturnType<typeof keptFor>, days: number) => {
  const found = canaryOfAge(book, days, now);
  return found === undefined ? undefined : (now - found.madeAtMs) / DAY;
};

describe('a record of canaries', () => {
  test('has none of an age that it has not', () => {
    expect(ageOf(keptFor(0), 1)).toBeUndefined();
    expect(ageOf(keptFor(6), 7)).toBeUndefined();
    expect(ageOf(keptFor(89), 90)).toBeUndefined();
  });

  test.each([1, 7, 90])('has one of %i days from that day on', (days) => {
    for (const later of [0, 0.5, 1, 3, 30, 300]) {
      const age = ageOf(keptFor(days + later), days);
      expect(age).toBeGreaterThanOrEqual(days);
      expect(age).toBeLessThan(days + 1.1);
    }
  });

  test('keeps no more than one a day for 92 days, and the oldest of each version for good', () => {
    const many = keptFor(400, (day) => String(Math.floor(day / 100) + 1));
    expect(many.book.canaries.length).toBeLessThan(100);
    expect([...oldestOfVersions(many.book).keys()]).toEqual(['1', '2', '3', '4', '5']);
    expect(oldestOfVersions(many.book).get('1')?.madeAtMs).toBe(start);
  });

  test('keeps one at once under a new version', () => {
    const book = withCanary(newBook, made(start, '1'), start);
    expect(wantsAnother(book, '1', start + 1000)).toBe(false);
    expect(wantsAnother(book, '2', start + 1000)).toBe(true);
  });

  test('has an older one of 90 days after it was not written for a month', () => {
    expect(
      ageOf(
        keptFor(150, () => undefined, [40, 70]),
        90,
      ),
    ).toBeCloseTo(110, 0);
  });

  test('goes on after a clock that stood in the future', () => {
    const book = withCanary(newBook, made(start + 400 * DAY), start + 400 * DAY);
    expect(wantsAnother(book, undefined, start)).toBe(true);
    expect(canaryOfAge(book, 1, start)).toBeUndefined();
  });

  test('keeps the oldest of each version, however many there are', () => {
    const { book } = keptFor(120 * 5, (day) => String(Math.floor(day / 5) + 1));
    expect(oldestOfVersions(book).size).toBe(121);
    expect(oldestOfVersions(book).get('1')?.madeAtMs).toBe(start);
  });

  test('keeps none for good once its versions are known to be none', () => {
    const many = keptFor(200, (day) => `key-${day}`).book;
    const bare = withCanary(withoutVersions(many), made(start + 200 * DAY), start + 200 * DAY);
    expect(oldestOfVersions(bare).size).toBe(0);
    expect(bare.canaries[0]?.madeAtMs).toBeGreaterThanOrEqual(start + 108 * DAY);
  });
});

describe('a record as text', () => {
  const text = writtenBook(keptFor(3).book);

  test('is read back', () => {
    expect(readBook(text)).toEqual(keptFor(3).book);
  });

  test.each([
    ['cut off', (whole: string) => whole.slice(0, -20)],
    ['empty', () => ''],
    ['with one changed character', (whole: string) => whole.replace('sealed at', 'sealed At')],
    ['of another format', (whole: string) => whole.replace('"format":1', '"format":2')],
    ['that is something else', () => '{"sha256":"x","book":{}}'],
  ])('%s is damaged', (_, change) => {
    expect(readBook(change(text))).toBeUndefined();
  });
});
