import { expect, it } from 'vitest';
import { Slots } from '../../../demo/portal/slots.js';

it('lets two work at a time, in order, and goes on after a failure', async () => {
  const slots = new Slots(2);
  let running = 0;
  let most = 0;
  const order: number[] = [];
  const work = (index: number) =>
    slots.run(async () => {
      running += 1;
      most = Math.max(most, running);
      order.push(index);
      await new Promise((resolve) => setTimeout(resolve, 5));
      running -= 1;
      if (index === 1) {
        throw new Error('one fails');
      }
    });
  const results = await Promise.allSettled([0, 1, 2, 3, 4].map(work));
  expect(most).toBe(2);
  expect(order).toEqual([0, 1, 2, 3, 4]);
  expect(results.filter((result) => result.status === 'rejected')).toHaveLength(1);
});
