import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { LoadBudget } from '../../../../../../exporters/audit-trail/observer/schedule/budget.js';

beforeEach(() => {
  vi.useFakeTimers({ toFake: ['performance'] });
});
afterEach(() => {
  vi.useRealTimers();
});

const taking = (ms: number) => () => {
  vi.advanceTimersByTime(ms);
  return Promise.resolve();
};

test('what a minute saves up may be spent at once, and comes back at its pace', async () => {
  const budget = new LoadBudget(0.03);
  await budget.spend(taking(1000));
  expect(budget.isSpent).toBe(false);
  await budget.spend(taking(1000));
  // 1,800 ms were saved, and 60 earned meanwhile.
  expect(budget.isSpent).toBe(true);
  vi.advanceTimersByTime(4000);
  expect(budget.isSpent).toBe(true);
  vi.advanceTimersByTime(2000);
  expect(budget.isSpent).toBe(false);
});

test('no more than a minute is saved up', async () => {
  const budget = new LoadBudget(0.03);
  vi.advanceTimersByTime(86_400_000);
  await budget.spend(taking(1850));
  expect(budget.isSpent).toBe(false);
  await budget.spend(taking(60));
  expect(budget.isSpent).toBe(true);
});

test('work that fails is paid for too', async () => {
  const budget = new LoadBudget(0.01);
  const failing = async () => {
    await taking(700)();
    throw new Error('the database is gone');
  };
  await expect(budget.spend(failing)).rejects.toThrow('the database is gone');
  expect(budget.isSpent).toBe(true);
});

test('with the whole of the time nothing is ever spent', async () => {
  const budget = new LoadBudget(1);
  for (let look = 0; look < 10; look += 1) await budget.spend(taking(60_000));
  expect(budget.isSpent).toBe(false);
});
