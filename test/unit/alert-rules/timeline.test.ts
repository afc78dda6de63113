import { expect, it } from 'vitest';
import { Timeline } from '../../../alert-rules/src/tests/timeline.js';

it('writes one sample a minute', () => {
  expect(String(new Timeline().grow(3, 1).grow(2, 0.5))).toBe('0+1x2 2.5+0.5x1');
  expect(String(new Timeline().hold(2, 7).hold(1, 8))).toBe('7x1 8x0');
  expect(String(new Timeline().clock(3, 0))).toBe('1x0 60+60x1');
  expect(String(new Timeline().clock(2, 10))).toBe('600+60x1');
});

it('ends a series as a failed scrape does, and starts a counter again at 0', () => {
  expect(String(new Timeline().grow(2, 1).gap(3).grow(2, 1))).toBe('0+1x1 stale _x2 0+1x1');
  expect(String(new Timeline().gap(2).hold(1, 1))).toBe('_x2 1x0');
});
