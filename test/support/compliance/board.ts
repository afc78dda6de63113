import type { Control, ControlCheck, PromqlCheck } from '../../../pack/compliance/model/index.js';

export function promqlCheck(change: Partial<PromqlCheck> = {}): PromqlCheck {
  return {
    kind: 'promql',
    name: 'one',
    title: 'Faults',
    unit: 'count',
    failsAfterMs: 0,
    query: 'faults',
    reduce: 'max',
    expect: { operator: '==', limit: 0 },
    onEmpty: 'unknown',
    minSeries: 1,
    ...change,
  };
}

export function controlOf(checks: readonly ControlCheck[] = [promqlCheck()], change: Partial<Control> = {}): Control {
  return {
    id: 'AUD-02',
    title: 'Every committed change has one audit record',
    area: 'audit_requirements',
    owner: 'compliance',
    severity: 'critical',
    statement: 'Each change is recorded once.',
    effective: {},
    applicability: { applies: true },
    references: [],
    checks,
    evidenceMaxAgeSeconds: 600,
    intervalMs: 60_000,
    timeoutMs: 10_000,
    tests: [],
    catalogue: 'uk-wealth',
    ...change,
  };
}
