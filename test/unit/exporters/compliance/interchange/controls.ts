import type { ControlDetail } from '../../../../../exporters/compliance/api/schemas.js';
import type { ControlSnapshot } from '../../../../../exporters/compliance/interchange/export/snapshot.js';

const catalogue = { name: 'uk-wealth', version: '1.0.0', sha256: 'c'.repeat(64) };

function control(id: string, more: Partial<ControlDetail> = {}): ControlDetail {
  return {
    board: 'kingston',
    portal: 'kingston',
    id,
    title: `Title of ${id}`,
    area: 'audit_requirements',
    owner: 'compliance',
    severity: 'critical',
    status: 'compliant',
    raw: 'compliant',
    evidenceMaxAgeSeconds: 600,
    evaluatedAt: '2026-12-01T11:59:30.000Z',
    statement: 'Every committed change has one audit record.',
    references: [{ framework: 'nist-800-53r5', ref: 'AU-12', confidence: 'to_confirm' }],
    checks: [
      {
        name: 'residual',
        title: 'Changes without a record',
        kind: 'promql',
        unit: 'count',
        outcome: 'pass',
        value: '0',
        operator: '==',
        limit: '0',
        asOf: '2026-12-01T11:59:00.000Z',
        source: 'max(audit_trail_unaccounted_changes)\n  or vector(0)',
      },
    ],
    catalogue,
    evaluation: { number: 7, sha256: 'e'.repeat(64) },
    ...more,
  };
}

const waiver = {
  id: 'W-2026-01',
  reason: 'The vendor delivers in January.',
  compensating: 'A person compares both lists each week.',
  requestedBy: 'head-of-it',
  approvedBy: 'compliance-officer',
  approvedOn: '2026-10-01',
  expiresOn: '2027-01-31',
};
const failed = { ...control('x').checks[0], outcome: 'fail', value: '12.50', reason: '12.50 is not 0' } as const;
const checks = [{ name: 'residual', title: 'Changes', kind: 'promql', unit: 'count', ...failed } as const];

/** Each status, each way to it, awkward texts and an identifier that is no name of XML. */
export const snapshot: ControlSnapshot = {
  asOf: new Date('2026-12-01T12:00:00Z'),
  filters: { area: 'audit_requirements' },
  packVersion: '0.1.0',
  controls: [
    control('AUD-01'),
    control('AUD-02', {
      status: 'non_compliant',
      raw: 'non_compliant',
      reason: '12.50 is not 0',
      checks,
      guidance: 'Look.',
    }),
    control('AUD-03', { status: 'at_risk', raw: 'at_risk', reason: 'due soon' }),
    control('AUD-04', {
      status: 'unknown',
      raw: 'unknown',
      reason: 'no data\nsince noon',
      checks: [],
      evaluatedAt: undefined,
      evaluation: undefined,
    }),
    control('AUD-05', { status: 'waived', raw: 'non_compliant', reason: 'old', waiver, checks }),
    control('AUD-06', {
      status: 'waived',
      raw: 'unknown',
      reason: 'no data',
      waiver: { ...waiver, id: 'W-2026-02', ticket: 'T-1' },
    }),
    control('AUD-07', { status: 'waived', raw: 'at_risk', reason: 'due soon', waiver }),
    control('AUD-08', { status: 'not_applicable', raw: 'not_applicable', reason: 'no client money' }),
    control('1.2 / b', { board: 'second', title: '  =SUM("A1")\n' }),
  ],
};
