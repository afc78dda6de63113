import { expect, test } from 'vitest';
import { type Look, withLook } from '../../../../../../exporters/audit-trail/observer/verdict/looks.js';

test('the newest polls are kept, and of older ones enough to date a transaction that is open for hours', () => {
  let looks: readonly Look[] = [];
  const hours = 20;
  for (let at = 0; at < hours * 3_600_000; at += 15_000)
    looks = withLook(looks, { at, clock: at / 1000, xmax: String(at) });
  expect(looks.length).toBe(32 + 96);
  expect(looks.slice(-32).map(({ at }) => at)).toEqual(
    Array.from({ length: 32 }, (_, n) => (hours * 240 - 32 + n) * 15_000),
  );
  const steps = looks.slice(0, 96).map(({ at }, n) => at - (looks[n - 1]?.at ?? at - 600_000));
  expect(new Set(steps)).toEqual(new Set([600_000]));
  expect(looks.at(-1)?.at).toBeGreaterThan((looks[0]?.at ?? 0) + 15 * 3_600_000);
});
