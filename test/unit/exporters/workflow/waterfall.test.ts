import { describe, expect, test } from 'vitest';
import type { RunResult } from '../../../../exporters/workflow/result.js';
import { plainWaterfall, waterfall } from '../../../../exporters/workflow/waterfall.js';
import { job, step } from '../../../support/workflow/domain.js';
import { result, skippedStep, stepResult } from '../../../support/workflow/results.js';

const phases = { dns: 0, connect: 0, tls: 0, send: 0, wait: 0, receive: 0 };
const facts = { status: 200, bytes: 40_213, protocol: 'http/1.1', address: '10.20.30.40' };

const journey = job('https://portal.test', {
  workflow: {
    name: 'open-client',
    slaSeconds: 0.5,
    steps: ['search', 'detail', 'revenue', 'overview'].map((name) => step({ name })),
  },
});

function missed(over: Partial<RunResult> = {}): RunResult {
  return result(journey, {
    durationSeconds: 1,
    success: false,
    verdict: 'missed',
    steps: [
      stepResult({
        name: 'search',
        durationMs: 200,
        phases: { ...phases, dns: 2, connect: 8, tls: 30, wait: 150, receive: 10 },
        facts,
      }),
      stepResult({
        name: 'detail',
        offsetMs: 200,
        durationMs: 100,
        phases: { ...phases, wait: 100 },
        facts,
        retries: 1,
      }),
      stepResult({
        name: 'revenue',
        offsetMs: 300,
        durationMs: 700,
        phases: { ...phases, wait: 699.5, receive: 0.5 },
        outcome: 'failed',
        reason: 'assertion',
        detail: '$.error is there, and should not be',
        facts: { ...facts, bytes: 99 },
      }),
      skippedStep('overview'),
    ],
    logins: [{ portal: 'kingston', identity: 'default', action: 'login', outcome: 'success', durationMs: 320 }],
    ...over,
  });
}

test.each([80, 100, 140])('at %i columns is as agreed, and no wider', async (width) => {
  const text = waterfall(missed(), { ...plainWaterfall, width });
  for (const line of text.split('\n')) expect(line.length).toBeLessThanOrEqual(width);
  await expect(text).toMatchFileSnapshot(`../../../golden/waterfall-${width}.txt`);
});

describe('bars', () => {
  const barsOf = (text: string) => text.split('\n').filter((line) => /[█▄▒▓░▏]/.test(line) && !line.includes('wait'));

  test('of steps that follow one another never overlap', () => {
    const [first = '', second = '', third = ''] = barsOf(waterfall(missed(), plainWaterfall));
    const end = (line: string) => line.trimEnd().length;
    const start = (line: string) => line.search(/[█▄▒▓░▏·]/);
    expect(start(second)).toBe(end(first));
    expect(start(third)).toBe(end(second));
  });

  test('are as long as their share of the run', () => {
    const [, , third = ''] = barsOf(waterfall(missed(), plainWaterfall));
    const bar = third.trim().split(/\s+/).at(-1) ?? '';
    const barWidth = 100 - 'revenue '.length - 12;
    expect(bar.length / barWidth).toBeCloseTo(0.7, 1);
  });

  test('show even a step too short for its scale', () => {
    const tiny = stepResult({ name: 'search', durationMs: 0.01, phases: { ...phases, wait: 0.01 }, facts });
    const long = stepResult({
      name: 'detail',
      offsetMs: 0.01,
      durationMs: 999,
      phases: { ...phases, wait: 999 },
      facts,
    });
    expect(waterfall(missed({ steps: [tiny, long] }), plainWaterfall)).toContain('▏');
  });
});

test('a run that was in time has no mark on its axis, one that was not has', () => {
  expect(waterfall(missed(), plainWaterfall)).toContain('▲ SLA 500 ms');
  expect(waterfall(missed({ durationSeconds: 0.4, verdict: 'met' }), plainWaterfall)).not.toContain('▲');
});

test('a step that failed before it was sent has no bar and no figures, but its reason', () => {
  const refused = stepResult({
    name: 'search',
    outcome: 'failed',
    reason: 'auth',
    detail: 'login: status 401',
    durationMs: 0,
    phases: {},
    facts: {},
  });
  const text = waterfall(missed({ steps: [refused], durationSeconds: 0 }), plainWaterfall);
  expect(text).toContain('✗ auth: login: status 401');
  expect(text).not.toContain('▒connect');
});

test('a disturbed measurement says so', () => {
  expect(waterfall(missed({ tainted: true, latenessMs: 123, verdict: 'uncertain' }), plainWaterfall)).toContain(
    'the measuring thread was late by 123 ms',
  );
});

test('colours change nothing but colours', () => {
  const painted = waterfall(missed(), { width: 100, paint: (text, role) => `<${role}>${text}</${role}>` });
  expect(painted.replaceAll(/<\/?[a-z]+>/g, '')).toBe(waterfall(missed(), plainWaterfall));
});

test('a name longer than a quarter of the line is shortened', () => {
  const name = 'a-very-long-name-of-a-step-that-nobody-would-want-to-read-in-full';
  const text = waterfall(missed({ steps: [stepResult({ name, facts })] }), { ...plainWaterfall, width: 80 });
  expect(text).toContain('a-very-long-name-of…');
  for (const line of text.split('\n')) expect(line.length).toBeLessThanOrEqual(80);
});
