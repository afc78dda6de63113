import { describe, expect, it } from 'vitest';
import { portalFinding, workflowFinding } from '../../../../exporters/workflow/findings.js';
import { History } from '../../../../exporters/workflow/history.js';
import type { RunResult, RunVerdict } from '../../../../exporters/workflow/result.js';
import { job } from '../../../support/workflow/domain.js';

const now = Date.parse('2026-08-01T12:00:00Z');
const subject = job('http://127.0.0.1:1');
const { intervalMs, timeoutMs } = subject.workflow.schedule;

function run(verdict: RunVerdict, agoMs: number): RunResult {
  return {
    workflow: subject.workflow.name,
    portal: subject.portal.name,
    trigger: 'schedule',
    endedAtSeconds: (now - agoMs) / 1000,
    durationSeconds: 3,
    slaSeconds: 2,
    success: verdict === 'met',
    verdict,
    tainted: false,
    latenessMs: 0,
    steps: [],
    logins: [],
    log: [],
  };
}

function found(...runs: readonly RunResult[]) {
  const history = new History();
  for (const each of runs) history.add(each);
  return workflowFinding(subject, history, now);
}

describe('what the runs of a workflow prove', () => {
  it.each([
    ['no run', [], 'unknown', 'not yet run'],
    ['met just now', [run('met', 10)], 'fine', undefined],
    ['missed just now', [run('missed', 10)], 'attention', 'took 3 s of 2 s'],
    ['nobody can tell', [run('uncertain', 10)], 'unknown', 'uncertain: '],
    ['met, and not run since', [run('met', 3 * intervalMs + timeoutMs + 1000)], 'unknown', 'its last run ended '],
    ['missed, and not run since', [run('missed', 3 * intervalMs + timeoutMs + 1000)], 'unknown', 'its last run ended '],
    ['met after a miss', [run('missed', 60_000), run('met', 10)], 'attention', 'met now, missed 60 s ago'],
    ['met after an old miss', [run('missed', 3_600_000), run('met', 10)], 'fine', undefined],
  ] as const)('%s', (_, runs, state, why) => {
    expect(found(...runs)).toMatchObject(why === undefined ? { state } : { state, why: expect.stringContaining(why) });
  });
});

describe('what is known of a portal', () => {
  const quiet = { portal: 'kingston', running: 0, open: 0 };
  const slow = { ...run('missed', 10), success: true };
  const stale = run('met', 3 * intervalMs + timeoutMs + 1000);
  it.each([
    ['of which nothing was told', undefined, [], 'unknown'],
    ['on which nothing was run', quiet, [], 'unknown'],
    ['on which nothing was run lately', quiet, [stale], 'unknown'],
    ['that serves', quiet, [run('met', 10)], 'fine'],
    ['that serves slowly', quiet, [slow], 'fine'],
    ['that refuses everything', quiet, [run('missed', 10)], 'attention'],
    ['that was not reached by a fault of ours', quiet, [run('uncertain', 10)], 'unknown'],
    ['with open requests', { ...quiet, running: 1, open: 1 }, [run('met', 10)], 'attention'],
    ['with files that do not fit', { ...quiet, tlsProblem: 'the key does not fit' }, [run('met', 10)], 'attention'],
  ] as const)('%s', (_, pulse, runs, state) => {
    const history = new History();
    for (const each of runs) history.add(each);
    expect(portalFinding('kingston', pulse, [subject], history, now)).toMatchObject({ state });
  });

  it('says why no run went well', () => {
    const history = new History();
    history.add(run('missed', 10));
    expect(portalFinding('kingston', quiet, [subject], history, now)).toMatchObject({
      why: 'no workflow succeeded in its last run: took 3 s of 2 s',
    });
  });
});
