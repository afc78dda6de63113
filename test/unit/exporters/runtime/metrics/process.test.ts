import { describe, expect, it } from 'vitest';
import { renderFamilies } from '../../../../../exporters/runtime/metrics/index.js';
import { ProcessMetrics } from '../../../../../exporters/runtime/metrics/process.js';

describe('the metrics of the process', () => {
  it('become families like any other, and again at each page', async () => {
    const metrics = new ProcessMetrics();
    for (let page = 0; page < 2; page += 1) {
      const text = renderFamilies(await metrics.families(), 'openmetrics');
      expect(text).toMatch(/^# TYPE process_cpu_seconds counter$/m);
      expect(text).toMatch(/^process_cpu_seconds_total \d/m);
      expect(text).toMatch(/^nodejs_version_info\{version="v\d+/m);
      // Gauges may not end in _total; the sums they hold are in their labelled neighbours.
      expect(text).not.toMatch(/nodejs_active_\w+_total/);
    }
  });

  it('keeps histogram buckets, sum and count together', async () => {
    const metrics = new ProcessMetrics();
    const gc = (await metrics.families()).find(({ decl }) => decl.name === 'nodejs_gc_duration_seconds');
    expect(gc?.decl.type).toBe('histogram');
    for (const sample of gc?.samples ?? []) expect(sample.labels).not.toContain('le=');
  });
});
