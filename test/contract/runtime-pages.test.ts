import { spawnSync } from 'node:child_process';
import { afterAll, afterEach, describe, expect, it } from 'vitest';
import type { ExporterDeps } from '../../exporters/runtime/exporter.js';
import { family } from '../../exporters/runtime/metrics/index.js';
import { counter, gauge, histogram } from '../../pack/metrics/index.js';
import { exporter, Workbench } from './runtime-support.js';

const bench = new Workbench();
afterEach(() => bench.stopAll());
afterAll(() => bench.remove());

const runs = counter('sample_runs_total', 'count', ['name'], 'Runs.');
const took = histogram('sample_took_seconds', 'seconds', [], 'Took.', { bounds: [0.5, 1] });
const size = gauge('sample_size_bytes', 'bytes', [], 'Size.');

const sample = {
  name: 'sample',
  create: ({ store }: ExporterDeps) => {
    store.counter(runs).inc({ name: 'a "b"\n\\c' }, 2);
    const durations = store.histogram(took);
    durations.observe({}, 1);
    durations.observe({}, 7);
    return {
      name: 'sample',
      collectors: [{ name: 'size', collect: () => [family(size, [[{}, 12]])] }],
      configure: () => Promise.resolve(),
      start: () => Promise.resolve(),
      ready: () => ({ ready: true }),
      stop: () => Promise.resolve(),
    };
  },
};

async function page(url: string, accept: string): Promise<{ type: string | null; text: string }> {
  const response = await fetch(`${url}/metrics`, { headers: { accept } });
  return { type: response.headers.get('content-type'), text: await response.text() };
}

/** What differs from run to run is replaced, and Node's own metrics are left out. */
function golden(text: string): string {
  return text
    .split('\n')
    .filter((line) => !/^(# (HELP|TYPE|UNIT) )?(process|nodejs)_/.test(line))
    .map((line) =>
      line.replace(/^(kop_(?:config_last_reload_success_timestamp|collector)\w*_seconds(?:\{.*\})?) .*/, '$1 N'),
    )
    .map((line) => line.replace(/^(kop_collector_last_success\S*) .*/, '$1 N'))
    .map((line) => line.replace(/version="[^"]*"/, 'version="…"'))
    .map((line) => line.replace(/sha256="[0-9a-f]{64}"/, 'sha256="…"'))
    .map((line) => line.replace(/^(\w+\{calendar="office"\}) .*/, '$1 N'))
    .join('\n');
}

describe('the page', () => {
  it('is this in the text format', async () => {
    const { url } = await bench.run({ factories: [sample] });
    const { type, text } = await page(url, 'text/plain');
    expect(type).toBe('text/plain; version=0.0.4; charset=utf-8');
    expect(golden(text)).toMatchSnapshot();
  });

  it('is this in OpenMetrics', async () => {
    const { url } = await bench.run({ factories: [sample] });
    const { type, text } = await page(
      url,
      'application/openmetrics-text; version=1.0.0; escaping=allow-utf-8, */*;q=0.1',
    );
    expect(type).toBe('application/openmetrics-text; version=1.0.0; charset=utf-8');
    expect(golden(text)).toMatchSnapshot();
    expect(text.endsWith('\n# EOF\n')).toBe(true);
  });

  it('has nothing that promtool objects to', async () => {
    const { url } = await bench.run({ factories: [sample] });
    const { text } = await page(url, 'text/plain');
    const { stdout, stderr } = spawnSync('promtool', ['check', 'metrics'], { input: text, encoding: 'utf8' });
    const objections = `${stdout}${stderr}`.split('\n').filter((line) => line !== '');
    expect(objections).toEqual([]);
  });

  it('names each family once, whoever else exposes it', async () => {
    const decl = gauge('sample_shared', 'count', ['from'], 'Shared.');
    const sharing = (name: string, ...values: readonly string[]) => ({
      name,
      collect: () => [
        family(
          decl,
          values.map((from) => [{ from }, 1] as const),
        ),
      ],
    });
    const other = {
      name: 'other',
      collect: () => [family(gauge('sample_shared', 'count', [], 'Another.'), [[{}, 1]])],
    };
    const collectors = [sharing('a', 'x', 'y'), sharing('b', 'y', 'z'), other];
    const { url } = await bench.run({ factories: [exporter({ name: 'shares', collectors })] });
    await page(url, 'text/plain');
    const { text } = await page(url, 'text/plain');
    expect(text.split('\n').filter((line) => line.includes('sample_shared'))).toEqual([
      '# HELP sample_shared Shared.',
      '# TYPE sample_shared gauge',
      'sample_shared{from="x"} 1',
      'sample_shared{from="y"} 1',
      'sample_shared{from="z"} 1',
    ]);
    const reports = bench.log.filter((line) => line.includes('does not fit the page'));
    expect(reports).toHaveLength(2);
  });
});
