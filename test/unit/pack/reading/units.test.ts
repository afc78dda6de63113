import { describe, expect, test } from 'vitest';
import { durationText } from '../../../../pack/reading/durations.js';
import { duration, ratio, size } from '../../../../pack/reading/schema/units.js';

describe('durations, in milliseconds', () => {
  test.each([
    ['250ms', 250],
    ['1.5s', 1500],
    ['1.1s', 1100],
    ['15m', 900_000],
    ['2h', 7_200_000],
    ['30d', 2_592_000_000],
  ])('%s is %d', (written, expected) => {
    expect(duration().parse(written)).toBe(expected);
  });
  test.each([
    [90],
    ['90'],
    ['1,5s'],
    ['-1s'],
    ['1 s'],
    ['1S'],
    ['0ms'],
    ['s'],
    [''],
    [null],
    ['1e3s'],
    ['99999999999999999d'],
  ])('%j is refused', (written) => {
    expect(duration().safeParse(written).success).toBe(false);
  });
  test.each([
    [250, '250ms'],
    [1500, '1.5s'],
    [90_000, '90s'],
    [5_400_000, '90m'],
    [86_400_000, '1d'],
  ])('%d is said as %s', (milliseconds, text) => {
    expect(durationText(milliseconds)).toBe(text);
    expect(duration().parse(text)).toBe(milliseconds);
  });
});

describe('shares', () => {
  test.each([
    ['99.95%', 0.9995],
    ['99.9%', 0.999],
    ['0%', 0],
    ['100%', 1],
    [0.9995, 0.9995],
  ])('%s is %d', (written, expected) => {
    expect(ratio().parse(written)).toBe(expected);
  });
  test.each([[99.95], ['99.95'], ['101%'], ['-1%'], [-0.1], [Number.NaN], [Infinity]])('%j is refused', (written) => {
    expect(ratio().safeParse(written).success).toBe(false);
  });
});

describe('sizes, in bytes', () => {
  test.each([
    ['512B', 512],
    ['64KiB', 65_536],
    ['1MB', 1_000_000],
    ['1.5MiB', 1_572_864],
  ])('%s is %d', (written, expected) => {
    expect(size().parse(written)).toBe(expected);
  });
  test.each([[64], ['64'], ['64kb'], ['0B'], ['1 MB']])('%j is refused', (written) => {
    expect(size().safeParse(written).success).toBe(false);
  });
});
