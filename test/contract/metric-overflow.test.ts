import { describe, expect, test } from 'vitest';
import { MetricStore } from '../../exporters/runtime/metrics/index.js';
import { encryptionMetrics } from '../../pack/encryption/metrics.js';
import { failureReasons } from '../../pack/portal/outcomes.js';
import { fieldEncryption, somePortal } from '../support/encryption/domain.js';
import { exporterOf } from '../support/encryption/exporter.js';
import { packYaml, TestProcess, workflowYaml } from '../support/workflow/process.js';

/** Series that a metric may have. */
const LIMIT = 10_000;

/** As many steps as it takes to have this many series of `workflow_step_failures_total`. */
function packOf(series: number): string {
  const steps = Array.from({ length: 50 }, (_, index) => `- { name: look-${index}, path: /look }`).join('\n');
  const workflows = Array.from({ length: Math.ceil(series / (50 * failureReasons.length)) }, (_, index) =>
    workflowYaml(`workflow-${index}`, 'schedule: { interval: 15m, warmupRuns: 0 }', steps),
  );
  // Nothing listens there, and nobody is to ask.
  return packYaml('kingston: { title: Kingston, baseUrl: "http://127.0.0.1:1" }', workflows.join('\n'));
}

describe('a metric with more series than it may have', () => {
  test('of the workflow exporter is told of in the log and by a counter, and comes back when there is room', async () => {
    const process = await TestProcess.start(packOf(LIMIT + 1));
    const overflows = 'kop_metric_overflows_total{exporter="workflow-sla"}';
    const full = await process.page();
    expect(full.count('workflow_step_failures_total{')).toBe(LIMIT);
    expect(full.value(overflows)).toBeGreaterThan(0);
    expect(process.logs.filter((line) => /metric is full.*workflow_step_failures_total/.test(line))).toHaveLength(1);
    expect(await process.reload(packOf(1))).toBe(true);
    const roomy = await process.page();
    expect(roomy.count('workflow_step_failures_total{')).toBe(50 * failureReasons.length);
    expect(roomy.value(overflows)).toBe(full.value(overflows));
  });

  test('is counted from 0', async () => {
    const process = await TestProcess.start(packOf(1));
    expect((await process.page()).value('kop_metric_overflows_total{exporter="workflow-sla"}')).toBe(0);
    expect(process.logs.join('\n')).not.toContain('metric is full');
  });

  test('of the encryption exporter is told of as well', async () => {
    const told: string[] = [];
    const store = new MetricStore({ maxSeriesPerMetric: 2, onOverflow: (metric) => told.push(metric) });
    const { configure, series } = exporterOf({ store });
    await configure([fieldEncryption([{ kind: 'local', name: 'local' }])], [somePortal('http://127.0.0.1:1')]);
    expect([...(await series()).keys()].filter((name) => name.startsWith('field_encryption_errors'))).toHaveLength(2);
    expect(told).toContain(encryptionMetrics.errors.name);
  });
});
