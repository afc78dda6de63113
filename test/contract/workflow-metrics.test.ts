import { spawnSync } from 'node:child_process';
import { describe, expect, test } from 'vitest';
import { type Family, MetricStore, renderFamilies } from '../../exporters/runtime/metrics/index.js';
import { WorkflowMetrics } from '../../exporters/workflow/metrics.js';
import { probeFamilies } from '../../exporters/workflow/probe.js';
import { failureReasons } from '../../pack/portal/outcomes.js';
import { dropReasons, workflowMetrics } from '../../pack/workflow/metrics.js';
import { job, step } from '../support/workflow/domain.js';
import { result, skippedStep, stepResult } from '../support/workflow/results.js';

const list = job('http://portal.test', { workflow: { slaSeconds: 1.5 } });
const journey = job('https://portal.test', {
  portal: { name: 'staging' },
  workflow: {
    name: 'open-client',
    title: 'Open a "client"',
    slaSeconds: 2.2,
    connection: 'reuse',
    steps: [step({ name: 'search' }), step({ name: 'detail' })],
  },
});

function page(...act: ((metrics: WorkflowMetrics) => void)[]): string {
  const metrics = new WorkflowMetrics(new MetricStore());
  metrics.configure([list, journey]);
  for (const one of act) one(metrics);
  return renderFamilies(metrics.families(), 'text');
}

/** Value of one series, or undefined where there is none. */
function value(text: string, series: string): number | undefined {
  const line = text.split('\n').find((one) => one.startsWith(`${series} `));
  return line === undefined ? undefined : Number(line.slice(series.length + 1));
}

const of = (name: string, labels = '') => `${name}{portal="kingston",workflow="client-list"${labels}}`;

/** One of everything that can happen. */
function busyMetrics(): WorkflowMetrics {
  const metrics = new WorkflowMetrics(new MetricStore());
  metrics.configure([list, journey]);
  metrics.setObjective(list, 0.99);
  metrics.setObjective(journey, 0.999);
  metrics.record(result(list));
  metrics.record(result(list, { durationSeconds: 1.5 }));
  metrics.record(result(list, { durationSeconds: 1.6, verdict: 'missed', endedAtSeconds: 1_700_000_030 }));
  metrics.record(result(list, { trigger: 'warm-up', durationSeconds: 9 }));
  metrics.record(result(list, { tainted: true, verdict: 'uncertain', uncertain: 'event-loop', durationSeconds: 1.7 }));
  metrics.record(
    result(journey, {
      success: false,
      verdict: 'missed',
      durationSeconds: 0.3,
      logins: [{ portal: 'staging', identity: 'default', action: 'login', outcome: 'success', durationMs: 320 }],
      steps: [
        stepResult({
          name: 'search',
          outcome: 'failed',
          reason: 'assertion',
          durationMs: 300,
          retries: 1,
          certificateExpirySeconds: 1_731_536_000,
        }),
        skippedStep('detail'),
      ],
    }),
  );
  metrics.recordDrop({ type: 'dropped', workflow: 'client-list', portal: 'kingston', reason: 'overlap', count: 2 });
  metrics.recordState([
    { portal: 'kingston', running: 1, open: 2 },
    { portal: 'staging', running: 0, open: 0 },
  ]);
  return metrics;
}

describe('the page', () => {
  test.each([
    ['text', 'workflow-metrics.txt'],
    ['openmetrics', 'workflow-metrics.om'],
  ] as const)('in %s is as agreed', async (format, file) => {
    await expect(renderFamilies(busyMetrics().families(), format)).toMatchFileSnapshot(`../golden/${file}`);
  });

  test('of a probe is as agreed', async () => {
    const [run] = [
      result(journey, {
        success: false,
        verdict: 'missed',
        steps: [stepResult({ name: 'search', outcome: 'failed', reason: 'status' }), skippedStep('detail')],
      }),
    ];
    await expect(renderFamilies(probeFamilies(run), 'text')).toMatchFileSnapshot('../golden/workflow-probe.txt');
  });

  const hasPromtool = spawnSync('promtool', ['--version']).status === 0;
  test.skipIf(!hasPromtool)('is sound to promtool', () => {
    const checked = spawnSync('promtool', ['check', 'metrics'], {
      input: renderFamilies(busyMetrics().families(), 'text'),
      encoding: 'utf8',
    });
    expect(checked).toMatchObject({ status: 0, stderr: '' });
  });

  test('shows every declared family, and no other', () => {
    const shown = busyMetrics()
      .families()
      .map(({ decl }: Family) => decl.name);
    expect(shown.toSorted()).toEqual(
      Object.values(workflowMetrics)
        .map(({ name }) => name)
        .toSorted(),
    );
  });
});

describe('from the start', () => {
  test('every counter and histogram that may ever count is there at 0', () => {
    const text = page();
    for (const sla of ['met', 'missed']) expect(value(text, of('workflow_sla_runs_total', `,sla="${sla}"`))).toBe(0);
    for (const reason of failureReasons) {
      expect(value(text, of('workflow_step_failures_total', `,step="look",reason="${reason}"`))).toBe(0);
    }
    for (const reason of dropReasons) {
      expect(value(text, of('workflow_runs_dropped_total', `,reason="${reason}"`))).toBe(0);
    }
    for (const outcome of ['success', 'refused', 'failed']) {
      expect(value(text, `workflow_logins_total{portal="kingston",identity="default",outcome="${outcome}"}`)).toBe(0);
    }
    expect(value(text, of('workflow_runs_tainted_total'))).toBe(0);
    expect(value(text, of('workflow_step_retries_total', ',step="look"'))).toBe(0);
    expect(value(text, of('workflow_run_duration_seconds_count'))).toBe(0);
    expect(value(text, of('workflow_step_duration_seconds_count', ',step="look"'))).toBe(0);
    expect(value(text, of('workflow_last_run_timestamp_seconds'))).toBe(0);
    expect(value(text, 'workflow_portal_runs_in_progress{portal="kingston"}')).toBe(0);
  });

  test('what only a run can know is absent', () => {
    const text = page();
    expect(text).not.toMatch(/^workflow_step_phase_seconds\{/m);
    expect(text).not.toMatch(/^workflow_last_run_duration_seconds\{/m);
    expect(text).not.toMatch(/^workflow_certificate_expiry_timestamp_seconds\{/m);
  });
});

describe('what counts', () => {
  const counted = (over: Parameters<typeof result>[1]) => page((metrics) => metrics.record(result(list, over)));

  test.each(['warm-up', 'probe', 'command'] as const)(
    'not a run of trigger %s, though its login is a login',
    (trigger) => {
      const text = counted({
        trigger,
        logins: [{ portal: 'kingston', identity: 'default', action: 'login', outcome: 'success', durationMs: 5 }],
      });
      expect(value(text, of('workflow_sla_runs_total', ',sla="met"'))).toBe(0);
      expect(value(text, of('workflow_run_duration_seconds_count'))).toBe(0);
      expect(value(text, of('workflow_last_run_timestamp_seconds'))).toBe(0);
      expect(value(text, 'workflow_logins_total{portal="kingston",identity="default",outcome="success"}')).toBe(1);
    },
  );

  test('a login that fails is told until one succeeds', () => {
    const login = { portal: 'kingston', identity: 'default', action: 'login', durationMs: 1 } as const;
    const failing = (...outcomes: readonly ('success' | 'refused' | 'failed')[]) => {
      const text = counted({ trigger: 'probe', logins: outcomes.map((outcome) => ({ ...login, outcome })) });
      return ['refused', 'failed'].map((outcome) =>
        value(text, `workflow_login_failing{portal="kingston",identity="default",outcome="${outcome}"}`),
      );
    };
    expect(failing()).toEqual([0, 0]);
    expect(failing('success', 'failed', 'refused')).toEqual([1, 0]);
    expect(failing('refused', 'failed')).toEqual([0, 1]);
    expect(failing('refused', 'success')).toEqual([0, 0]);
  });

  test('exactly at the SLA has met, and its bucket is the SLA’s own', () => {
    const text = counted({ durationSeconds: 1.5 });
    expect(value(text, of('workflow_run_duration_seconds_bucket', ',le="1.5"'))).toBe(1);
    expect(value(text, of('workflow_run_duration_seconds_bucket', ',le="1.0"'))).toBe(0);
    // An SLA that is no common bound has its own.
    expect(text).toContain('le="2.2"');
  });

  test('an uncertain run is counted with its reason, and in no other way', () => {
    const text = counted({ tainted: true, verdict: 'uncertain', uncertain: 'event-loop' });
    expect(value(text, of('workflow_runs_tainted_total'))).toBe(1);
    expect(value(text, of('workflow_runs_uncertain_total', ',reason="event-loop"'))).toBe(1);
    expect(value(text, of('workflow_sla_runs_total', ',sla="missed"'))).toBe(0);
    expect(value(text, of('workflow_sla_runs_total', ',sla="met"'))).toBe(0);
    expect(value(text, of('workflow_run_duration_seconds_count'))).toBe(0);
    expect(value(text, of('workflow_step_duration_seconds_count', ',step="look"'))).toBe(0);
  });

  test('a disturbed run whose verdict is certain counts, but its time does not', () => {
    const text = counted({ tainted: true, verdict: 'missed', success: false });
    expect(value(text, of('workflow_runs_tainted_total'))).toBe(1);
    expect(value(text, of('workflow_sla_runs_total', ',sla="missed"'))).toBe(1);
    expect(value(text, of('workflow_run_duration_seconds_count'))).toBe(0);
  });

  test('a failed run with no duration has missed, and is in no histogram', () => {
    const steps = [stepResult({ outcome: 'failed', reason: 'auth', durationMs: 0, phases: {} })];
    const text = counted({ success: false, verdict: 'missed', durationSeconds: 0, steps });
    expect(value(text, of('workflow_sla_runs_total', ',sla="missed"'))).toBe(1);
    expect(value(text, of('workflow_step_failures_total', ',step="look",reason="auth"'))).toBe(1);
    expect(value(text, of('workflow_run_duration_seconds_count'))).toBe(0);
    expect(value(text, of('workflow_step_duration_seconds_count', ',step="look"'))).toBe(0);
    expect(value(text, of('workflow_last_success_timestamp_seconds'))).toBe(0);
  });

  test('phases of an earlier run do not stay for a step that was skipped', () => {
    const skipped = result(list, { success: false, verdict: 'missed', steps: [skippedStep('look')] });
    const text = page(
      (metrics) => metrics.record(result(list)),
      (metrics) => metrics.record(skipped),
    );
    expect(text).not.toMatch(/^workflow_step_phase_seconds\{/m);
  });
});

describe('a reload', () => {
  test('keeps counts, shows what is new at 0, and takes away what is gone', () => {
    const added = job('http://portal.test', { workflow: { name: 'added' } });
    const text = page(
      (metrics) => metrics.record(result(list)),
      (metrics) => metrics.configure([list, added]),
    );
    expect(value(text, of('workflow_sla_runs_total', ',sla="met"'))).toBe(1);
    expect(value(text, 'workflow_sla_runs_total{portal="kingston",workflow="added",sla="missed"}')).toBe(0);
    expect(text).not.toContain('open-client');
    expect(text).not.toContain('staging');
  });

  test('with another SLA keeps counts and adds its bound', () => {
    const text = page(
      (metrics) => metrics.record(result(list, { durationSeconds: 1.9 })),
      (metrics) => metrics.configure([{ ...list, workflow: { ...list.workflow, slaSeconds: 1.8 } }, journey]),
    );
    expect(value(text, of('workflow_sla_target_seconds'))).toBe(1.8);
    expect(value(text, of('workflow_run_duration_seconds_bucket', ',le="1.8"'))).toBe(0);
    expect(value(text, of('workflow_run_duration_seconds_bucket', ',le="2.0"'))).toBe(1);
  });

  test('with another title leaves one identity', () => {
    const text = page((metrics) => metrics.configure([{ ...list, workflow: { ...list.workflow, title: 'New' } }]));
    expect(text.match(/^workflow_info\{/gm)).toHaveLength(1);
    expect(text).toContain('title="New"');
  });

  test('without a step takes its series away', () => {
    const shorter = { ...journey, workflow: { ...journey.workflow, steps: journey.workflow.steps.slice(0, 1) } };
    const text = page(
      (metrics) => metrics.record(result(journey)),
      (metrics) => metrics.configure([list, shorter]),
    );
    expect(text).toContain('step="search"');
    expect(text).not.toContain('step="detail"');
  });

  test('a result that comes after its job has gone is left out', () => {
    const text = page(
      (metrics) => metrics.configure([list]),
      (metrics) => metrics.record(result(journey)),
      (metrics) =>
        metrics.recordDrop({ type: 'dropped', workflow: 'open-client', portal: 'staging', reason: 'late', count: 1 }),
      (metrics) => metrics.recordState([{ portal: 'staging', running: 1, open: 0 }]),
    );
    expect(text).not.toContain('open-client');
    expect(text).not.toContain('staging');
  });
});
