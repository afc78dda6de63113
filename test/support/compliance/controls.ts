import type { ControlDetail } from '../../../exporters/compliance/api/schemas.js';

/** A control as the API shows it. */
export function shownControl(id: string, change: Partial<ControlDetail> = {}): ControlDetail {
  return {
    board: 'kingston',
    portal: 'kingston',
    id,
    title: `Title of ${id}`,
    area: 'audit_requirements',
    owner: 'compliance',
    severity: 'high',
    status: 'compliant',
    raw: 'compliant',
    evidenceAt: '2026-03-03T12:00:00.000Z',
    evidenceMaxAgeSeconds: 600,
    evaluatedAt: '2026-03-03T12:00:00.000Z',
    statement: 'What has to be so.',
    references: [{ framework: 'nist-800-53r5', ref: 'AU-12', confidence: 'to_confirm' }],
    checks: [
      {
        name: 'one',
        title: 'One',
        kind: 'promql',
        unit: 'count',
        outcome: 'pass',
        value: '0',
        operator: '==',
        limit: '0',
        asOf: '2026-03-03T12:00:00.000Z',
        source: 'prometheus',
      },
    ],
    catalogue: { name: 'uk-wealth', version: '1.0.0', sha256: 'a'.repeat(64) },
    ...change,
  };
}
