import { expect, test } from 'vitest';
import { suggest } from '../../../../pack/reading/suggest.js';

test.each([
  ['slaa', 'sla'],
  ['SLA', 'sla'],
  ['shedule', 'schedule'],
  ['maxinflight', 'maxInFlight'],
  ['mian', 'main'],
  ['colour', undefined],
  ['sla', undefined],
])('%s: %s', (written, expected) => {
  expect(suggest(written, ['sla', 'schedule', 'maxInFlight', 'main'])).toBe(expected);
});

test('nothing is suggested where nothing is known', () => {
  expect(suggest('sla', [])).toBeUndefined();
});
