import { describe, expect, it } from 'vitest';
import { providerFinding } from '../../../../exporters/encryption/probe/findings.js';
import type { RoundResult } from '../../../../exporters/encryption/probe/protocol.js';
import type { OperationTimes } from '../../../../exporters/encryption/probe/samples.js';
import { columnFinding, keyFinding } from '../../../../exporters/encryption/scan/summary.js';
import { probeJob } from '../../../support/encryption/domain.js';

const now = Date.parse('2026-08-01T12:00:00Z');
const day = 86_400;
const job = probeJob({ kind: 'local', name: 'aes' });

function series(seconds: readonly number[]): OperationTimes[] {
  return [{ operation: 'encrypt', sizeBytes: 16, temperature: 'warm', seconds, met: 1, missed: 0, tainted: 0 }];
}

const good: RoundResult = {
  startedAtSeconds: now / 1000 - 1,
  endedAtSeconds: now / 1000,
  isUsable: true,
  series: series([job.slaSeconds / 2]),
  failures: [],
  uncertain: [],
  selfTests: [['round_trip', { outcome: 'passed', why: '' }]],
  pauseMs: 0,
};

describe('what the last round of a provider proves', () => {
  it.each<[string, RoundResult | undefined, string | undefined, object]>([
    ['all is well', good, undefined, { state: 'fine' }],
    ['no round yet', undefined, undefined, { state: 'unknown', why: 'not yet measured' }],
    ['its thread died', good, 'it died', { state: 'unknown', why: 'it died' }],
    ['an old round', { ...good, endedAtSeconds: now / 1000 - 60 }, undefined, { state: 'unknown' }],
    [
      'it cannot be used',
      { ...good, isUsable: false, problem: 'sealed' },
      undefined,
      { state: 'attention', why: 'sealed' },
    ],
    [
      'a fault of ours keeps us from asking',
      { ...good, isUsable: false, fault: 'proxy', problem: 'it answered 502' },
      undefined,
      { state: 'unknown', why: 'proxy, a fault of ours: it answered 502' },
    ],
    [
      'a fault of ours ended one operation',
      { ...good, uncertain: [{ operation: 'encrypt', reason: 'file-descriptors', count: 1 }] },
      undefined,
      { state: 'unknown' },
    ],
    [
      'a self-test failed',
      { ...good, selfTests: [['tamper_tag', { outcome: 'failed', why: 'x' }]] },
      undefined,
      { state: 'attention', why: 'self-tests failed: tamper_tag' },
    ],
    [
      'no self-test could be made',
      { ...good, selfTests: [['tamper_tag', { outcome: 'absent', why: 'x' }]] },
      undefined,
      { state: 'unknown' },
    ],
    ['slower than promised', { ...good, series: series([1]) }, undefined, { state: 'attention' }],
    ['nothing measured', { ...good, series: series([]) }, undefined, { state: 'unknown' }],
  ])('%s', (_, last, problem, expected) => {
    expect(providerFinding({ job, last, outage: undefined, problem }, now)).toMatchObject(expected);
  });

  it('a fault of ours does not end an outage', () => {
    const last = { ...good, isUsable: false, fault: 'proxy', problem: 'it answered 502' } as const;
    expect(providerFinding({ job, last, outage: 'sealed', problem: undefined }, now)).toEqual({
      what: 'aes@kingston',
      state: 'attention',
      why: 'sealed; not asked since: proxy, a fault of ours: it answered 502',
    });
  });
});

describe('what is known of a key', () => {
  const key = {
    name: 'pii',
    title: 'PII',
    sensitivity: 'restricted',
    rotateEveryDays: 30,
    source: { kind: 'provider', provider: 'vault', providerKey: 'pii' },
  } as const;
  it.each([
    ['rotated in time', { knowledge: { rotatedAtSeconds: now / 1000 - 29 * day } }, 'fine'],
    ['overdue', { knowledge: { rotatedAtSeconds: now / 1000 - 31 * day } }, 'attention'],
    ['nobody says when', { knowledge: {} }, 'unknown'],
    ['its source cannot be read', { knowledge: { rotatedAtSeconds: now / 1000 }, problem: 'denied' }, 'unknown'],
  ])('%s', (_, state, expected) => {
    expect(keyFinding({ key, ...state }, now)).toMatchObject({ state: expected });
  });
});

describe('what is known of a column before its first whole scan', () => {
  const column = {
    table: 'public.clients',
    column: 'name',
    primaryKey: 'id',
    sensitivity: 'restricted',
    format: { kind: 'kingston-jsonb' },
  } as const;
  const state = { column, isUp: undefined, whole: undefined, progress: undefined, problem: undefined, reuseFound: 0 };
  it.each([
    [undefined, 'not yet scanned to the end'],
    ['permission denied', 'permission denied'],
  ])('%s', (problem, why) => {
    expect(columnFinding({ ...state, problem }, {}, { intervalMs: 1000, nowMs: now })).toMatchObject({
      state: 'unknown',
      why,
    });
  });
});
