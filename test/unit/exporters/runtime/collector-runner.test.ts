import { describe, expect, it } from 'vitest';
import { type Collector, noData } from '../../../../exporters/runtime/collector.js';
import { CollectorRunner } from '../../../../exporters/runtime/collector-runner.js';
import { type Logger, silentLogger } from '../../../../exporters/runtime/log.js';
import { family, renderFamilies } from '../../../../exporters/runtime/metrics/index.js';
import { gauge } from '../../../../pack/metrics/index.js';

const value = gauge('t_value', 'count', ['from'], 'Value.');
const now = new Date('2026-08-01T12:00:00Z');

function delivering(name: string): Collector {
  return { name, collect: () => [family(value, [[{ from: name }, 1]])] };
}

async function page(runner: CollectorRunner, budgetMs = 50): Promise<string> {
  return renderFamilies(await runner.collect({ budgetMs, now }), 'text');
}

describe('the collectors', () => {
  it('say that they delivered, and when', async () => {
    const runner = new CollectorRunner([delivering('a')], silentLogger);
    expect(runner.states()).toEqual([{ name: 'a', outcome: 'not asked yet' }]);
    const text = await page(runner);
    expect(text).toContain('t_value{from="a"} 1');
    expect(text).toContain('kop_collector_success{collector="a"} 1');
    expect(text).toContain(`kop_collector_last_success_timestamp_seconds{collector="a"} ${now.getTime() / 1000}`);
    expect(runner.states()).toMatchObject([{ name: 'a', outcome: 'delivered', lastSuccess: now }]);
  });

  it.each([
    [
      'throws',
      () => {
        throw new Error('boom');
      },
    ],
    ['rejects', () => Promise.reject(new Error('boom'))],
    ['returns nonsense', () => Promise.resolve(JSON.parse('null'))],
  ])('lose only the one that %s, and its values', async (_what, collect) => {
    let fails = false;
    const flaky: Collector = {
      name: 'b',
      collect: (context) => (fails ? collect() : delivering('b').collect(context)),
    };
    const runner = new CollectorRunner([delivering('a'), flaky], silentLogger);
    expect(await page(runner)).toContain('t_value{from="b"} 1');
    fails = true;
    const text = await page(runner);
    expect(text).toContain('t_value{from="a"} 1');
    expect(text).not.toContain('t_value{from="b"}');
    expect(text).toContain('kop_collector_success{collector="b"} 0');
    expect(text).toContain(`kop_collector_last_success_timestamp_seconds{collector="b"} ${now.getTime() / 1000}`);
  });

  it('call no data no failure, and no success either', async () => {
    const runner = new CollectorRunner([{ name: 'a', collect: () => noData('not yet') }], silentLogger);
    const text = await page(runner);
    expect(text).toContain('kop_collector_success{collector="a"} 1');
    expect(text).toContain('kop_collector_last_success_timestamp_seconds{collector="a"} 0');
    expect(runner.states()).toMatchObject([{ outcome: 'no data', detail: 'not yet' }]);
  });

  it('are not waited for beyond the deadline, which aborts their signal', async () => {
    let signal: AbortSignal | undefined;
    const hanging: Collector = {
      name: 'hangs',
      collect: (context) => {
        signal = context.signal;
        return new Promise(() => undefined);
      },
    };
    const runner = new CollectorRunner([hanging, delivering('a')], silentLogger);
    const startedAt = performance.now();
    const text = await page(runner, 60);
    expect(performance.now() - startedAt).toBeLessThan(400);
    expect(text).toContain('kop_collector_success{collector="hangs"} 0');
    expect(text).toContain('t_value{from="a"} 1');
    expect(signal?.aborted).toBe(true);
    expect(runner.states()[0]).toMatchObject({ outcome: 'failed', detail: expect.stringContaining('deadline') });
  });

  it('do not pile up when one hangs, and ask it again when it has come back', async () => {
    let calls = 0;
    let release = (): void => undefined;
    const hanging: Collector = {
      name: 'hangs',
      collect: () => {
        calls += 1;
        if (calls > 1) return [];
        return new Promise((resolve) => {
          release = () => resolve([]);
        });
      },
    };
    const runner = new CollectorRunner([hanging], silentLogger);
    await page(runner, 20);
    await page(runner, 20);
    expect(calls).toBe(1);
    expect(runner.states()[0]?.detail).toMatch(/^still running/);
    release();
    await new Promise((resolve) => setImmediate(resolve));
    await page(runner, 20);
    expect(calls).toBe(2);
    expect(runner.states()[0]?.outcome).toBe('delivered');
  });

  it('share one call between two scrapes at the same moment', async () => {
    let calls = 0;
    const slow: Collector = {
      name: 'slow',
      collect: async () => {
        calls += 1;
        await new Promise((resolve) => setTimeout(resolve, 20));
        return [family(value, [[{ from: 'slow' }, calls]])];
      },
    };
    const runner = new CollectorRunner([slow], silentLogger);
    const pages = await Promise.all([page(runner, 2000), page(runner, 2000)]);
    expect(calls).toBe(1);
    for (const text of pages) expect(text).toContain('kop_collector_success{collector="slow"} 1');
  });

  it('log a failure once, not at every scrape', async () => {
    const lines: string[] = [];
    const log: Logger = { ...silentLogger, warn: (message) => lines.push(message), child: () => log };
    const runner = new CollectorRunner([{ name: 'a', collect: () => Promise.reject(new Error('boom')) }], log);
    for (let scrape = 0; scrape < 3; scrape += 1) await page(runner);
    expect(lines).toEqual(['collector failed']);
  });

  it('have names of their own', () => {
    expect(() => new CollectorRunner([delivering('a'), delivering('a')], silentLogger)).toThrow(/called a/);
  });
});
