import { describe, expect, test } from 'vitest';
import { History } from '../../../../exporters/workflow/history.js';
import { job } from '../../../support/workflow/domain.js';
import { result } from '../../../support/workflow/results.js';

const list = job('http://portal.test', { workflow: { name: 'list' } });
const detail = job('http://portal.test', { workflow: { name: 'detail' } });
const missed = { success: false, verdict: 'missed' } as const;

function numbers(kept: readonly { readonly id: number }[]): number[] {
  return kept.map(({ id }) => id);
}

describe('the history of runs', () => {
  test('keeps the newest hundred, newest first', () => {
    const history = new History();
    for (let run = 1; run <= 130; run += 1) history.add(result(list));
    expect(history.recent).toHaveLength(100);
    expect(numbers(history.recent).slice(0, 3)).toEqual([130, 129, 128]);
    expect(history.failures).toEqual([]);
    expect(history.find(31)).toBeDefined();
    expect(history.find(30)).toBeUndefined();
  });

  test('keeps a failure of the night when a thousand good runs have come since', () => {
    const history = new History();
    const night = result(list, missed);
    history.add(night);
    for (let run = 0; run < 1000; run += 1) history.add(result(list));
    expect(numbers(history.recent)).not.toContain(1);
    expect(history.failures).toEqual([{ id: 1, result: night }]);
    expect(history.find(1)).toBe(night);
  });

  test('keeps the five newest failures of each job, and one that fails all the time pushes out no other’s', () => {
    const history = new History();
    history.add(result(detail, missed));
    for (let run = 2; run <= 200; run += 1) history.add(result(list, missed));
    expect(numbers(history.failures)).toEqual([200, 199, 198, 197, 196, 1]);
    expect(history.find(1)?.workflow).toBe('detail');
  });

  test('counts an uncertain run among the failures', () => {
    const history = new History();
    history.add(result(list, { tainted: true, verdict: 'uncertain' }));
    expect(numbers(history.failures)).toEqual([1]);
  });

  test('tells jobs of the same workflow on two portals apart, and keeps the last run of each', () => {
    const history = new History();
    const elsewhere = job('http://portal.test', { portal: { name: 'staging' }, workflow: { name: 'list' } });
    history.add(result(elsewhere, missed));
    for (let run = 2; run <= 200; run += 1) history.add(result(list));
    expect(history.last('list', 'staging')?.id).toBe(1);
    expect(history.last('list', 'kingston')?.id).toBe(200);
    expect(history.last('detail', 'kingston')).toBeUndefined();
  });
});
