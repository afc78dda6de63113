import type { ComplianceBoard, Control, ControlCheck, PromqlCheck } from '../../../pack/compliance/model/index.js';
import type { Calendar } from '../../../pack/policy/model.js';

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

export function boardOf(controls: readonly Control[], change: Partial<ComplianceBoard> = {}): ComplianceBoard {
  return {
    name: 'kingston',
    portal: 'kingston',
    title: 'Compliance of Kingston',
    team: 'compliance',
    calendar: 'london',
    catalogues: [{ name: 'uk-wealth', title: 'UK wealth', version: '1.0.0', sha256: 'a'.repeat(64) }],
    controls,
    waivers: [],
    attestations: [],
    changes: [],
    obligations: [],
    imports: [],
    databases: [],
    evidence: { retentionDays: 2555 },
    files: [],
    ...change,
  };
}

export const london: Calendar = {
  name: 'london',
  timeZone: 'Europe/London',
  weekdays: [1, 2, 3, 4, 5],
  opensMinute: 480,
  closesMinute: 1080,
  holidays: 'england-and-wales',
  overrides: {},
};
