import { describe, expect, it } from 'vitest';
import { MetricStore, renderFamilies } from '../../../../../exporters/runtime/metrics/index.js';
import { counter, gauge, histogram } from '../../../../../pack/metrics/index.js';

const runs = counter('t_runs_total', 'count', ['workflow', 'sla'], 'Runs.');
const last = gauge('t_last_seconds', 'seconds', [], 'Last.');
const took = histogram('t_took_seconds', 'seconds', ['workflow'], 'Took.', { bounds: [1, 2] });

function text(store: MetricStore): string[] {
  return renderFamilies(store.families(), 'text')
    .split('\n')
    .filter((line) => line !== '' && !line.startsWith('#'));
}

describe('a counter', () => {
  it('exists at 0 from when it is told to, and keeps what it has', () => {
    const store = new MetricStore();
    const handle = store.counter(runs);
    handle.zero({ workflow: 'login', sla: 'met' });
    handle.inc({ workflow: 'login', sla: 'missed' }, 3);
    handle.zero({ workflow: 'login', sla: 'missed' });
    expect(text(store)).toEqual([
      't_runs_total{workflow="login",sla="met"} 0',
      't_runs_total{workflow="login",sla="missed"} 3',
    ]);
  });

  it('refuses to shrink', () => {
    const handle = new MetricStore().counter(runs);
    expect(() => handle.inc({ workflow: 'a', sla: 'met' }, -1)).toThrow(RangeError);
    expect(() => handle.inc({ workflow: 'a', sla: 'met' }, Number.NaN)).toThrow(RangeError);
  });

  it('keeps label sets apart that joined text would confuse', () => {
    const store = new MetricStore();
    const handle = store.counter(runs);
    handle.inc({ workflow: '1,sla:2', sla: '3' });
    handle.inc({ workflow: '1', sla: '2,sla:3' });
    handle.inc({ workflow: '1|2', sla: '3' });
    handle.inc({ workflow: '1', sla: '2|3' });
    handle.inc({ workflow: '', sla: '0:' });
    handle.inc({ workflow: '0:', sla: '' });
    expect(text(store)).toHaveLength(6);
  });

  it('removes by a subset of its labels', () => {
    const store = new MetricStore();
    const handle = store.counter(runs);
    for (const workflow of ['a', 'b']) for (const sla of ['met', 'missed']) handle.zero({ workflow, sla });
    expect(handle.remove({ workflow: 'a' })).toBe(2);
    expect(handle.remove({ workflow: 'b', sla: 'met' })).toBe(1);
    expect(text(store)).toEqual(['t_runs_total{workflow="b",sla="missed"} 0']);
    expect(handle.remove({})).toBe(1);
  });

  it('leaves further series out when it is full, says so once, and takes them again when there is room', () => {
    const told: string[] = [];
    const store = new MetricStore({
      maxSeriesPerMetric: 2,
      onOverflow: (metric, limit) => told.push(`${metric} ${limit}`),
    });
    const handle = store.counter(runs);
    for (const workflow of ['a', 'b', 'c', 'd']) handle.inc({ workflow, sla: 'met' });
    expect(text(store)).toHaveLength(2);
    expect(told).toEqual(['t_runs_total 2']);
    handle.remove({ workflow: 'a' });
    handle.inc({ workflow: 'c', sla: 'met' });
    expect(text(store)).toContain('t_runs_total{workflow="c",sla="met"} 1');
  });
});

describe('a store', () => {
  it('makes each metric once, of its declared type', () => {
    const store = new MetricStore();
    store.gauge(last).set({}, 1.5);
    expect(text(store)).toEqual(['t_last_seconds 1.5']);
    expect(() => store.gauge(last)).toThrow(/twice/);
    expect(() => store.counter(last)).toThrow(/declared a gauge/);
    expect(() => store.histogram(histogram('t_h', 'count', [], 'H.'))).toThrow(/needs bounds/);
  });
});

describe('a histogram', () => {
  it('counts a value at its bound as within it', () => {
    const store = new MetricStore();
    const handle = store.histogram(took);
    for (const value of [1, 1.5, 2, 2.1]) handle.observe({ workflow: 'a' }, value);
    expect(text(store)).toEqual([
      't_took_seconds_bucket{workflow="a",le="1.0"} 1',
      't_took_seconds_bucket{workflow="a",le="2.0"} 3',
      't_took_seconds_bucket{workflow="a",le="+Inf"} 4',
      't_took_seconds_sum{workflow="a"} 6.6',
      't_took_seconds_count{workflow="a"} 4',
    ]);
    expect(() => handle.observe({ workflow: 'a' }, Number.NaN)).toThrow(RangeError);
  });

  it('lets no series shrink when its bounds change', () => {
    const store = new MetricStore();
    const handle = store.histogram(took, { bounds: [1, 2, 3] });
    for (const value of [0.5, 1.5, 1.9, 2.5, 9]) handle.observe({ workflow: 'a' }, value);
    handle.rebound([1, 1.8, 3]);
    expect(text(store).slice(0, 4)).toEqual([
      't_took_seconds_bucket{workflow="a",le="1.0"} 1',
      't_took_seconds_bucket{workflow="a",le="1.8"} 1',
      't_took_seconds_bucket{workflow="a",le="3.0"} 4',
      't_took_seconds_bucket{workflow="a",le="+Inf"} 5',
    ]);
    handle.observe({ workflow: 'a' }, 1.7);
    expect(text(store)[1]).toBe('t_took_seconds_bucket{workflow="a",le="1.8"} 2');
  });

  it.each([[[2, 1]], [[1, 1]], [[1, Number.POSITIVE_INFINITY]], [[Number.NaN]]])('refuses the bounds %j', (bounds) => {
    expect(() => new MetricStore().histogram(took, { bounds })).toThrow(RangeError);
  });

  it('hands out families that later observations do not change', () => {
    const store = new MetricStore();
    const handle = store.histogram(took);
    handle.zero({ workflow: 'a' });
    const before = store.families();
    handle.observe({ workflow: 'a' }, 1);
    expect(renderFamilies(before, 'text')).toContain('t_took_seconds_count{workflow="a"} 0');
  });
});
