import { beforeEach, expect, test } from 'vitest';
import { Isolation } from '../../../../exporters/workflow/isolation.js';

const MINUTE = 60_000;

let now = 0;
const pass = (ms: number) => {
  now += ms;
};
const fresh = () => new Isolation(undefined, () => now);

beforeEach(() => pass(MINUTE));

function minutes(isolation: Isolation, name = 'a'): number {
  const isolated = isolation.of(name);
  return isolated === undefined ? 0 : (isolated.untilMs - now) / MINUTE;
}

test('one death may be chance, the second leads to five minutes, each further one to twice as long, an hour at most', () => {
  const isolation = fresh();
  expect(isolation.died('a', MINUTE, 'memory')).toBeUndefined();
  expect(isolation.of('a')).toBeUndefined();
  const lengths = [];
  for (let death = 0; death < 6; death += 1) {
    pass(minutes(isolation) * MINUTE + MINUTE);
    expect(isolation.of('a')).toBeUndefined();
    expect(isolation.died('a', MINUTE, 'memory')).toMatchObject({ why: 'memory', deaths: 2 + death });
    lengths.push(minutes(isolation));
  }
  expect(lengths).toEqual([5, 10, 20, 40, 60, 60]);
});

test('a workflow that has run without a death for some time starts again at the shortest time', () => {
  const isolation = fresh();
  isolation.died('a', MINUTE, 'memory');
  pass(14 * MINUTE);
  expect(isolation.died('a', MINUTE, 'memory')).toBeUndefined();
});

test('deaths that are an interval apart belong together', () => {
  const isolation = fresh();
  isolation.died('a', 60 * MINUTE, 'memory');
  pass(61 * MINUTE);
  expect(isolation.died('a', 60 * MINUTE, 'memory')).toBeDefined();
});

test('deaths of one workflow do not count for another, and a changed one is tried again', () => {
  const isolation = fresh();
  isolation.died('a', MINUTE, 'memory');
  expect(isolation.died('b', MINUTE, 'memory')).toBeUndefined();
  isolation.died('a', MINUTE, 'memory');
  expect(minutes(isolation, 'a')).toBe(5);
  isolation.clear();
  expect(isolation.of('a')).toBeUndefined();
  expect(isolation.died('a', MINUTE, 'memory')).toBeUndefined();
});
