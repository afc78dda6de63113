import type { EvaluationDocument } from '../../../exporters/compliance/evidence/document.js';

const DAY_MS = 86_400_000;

/** Midnight of that day of 2026, counted from 0. */
export function evaluationDay(day: number): Date {
  return new Date(Date.UTC(2026, 0, 1) + day * DAY_MS);
}

export function evaluationOn(day: number, change: Partial<EvaluationDocument> = {}): EvaluationDocument {
  return {
    format: 'kop-evaluation-1',
    board: 'kingston',
    portal: 'kingston',
    control: 'AUD-01',
    catalogue: { name: 'uk-wealth', version: '1.0.0', sha256: 'a'.repeat(64) },
    definition: 'b'.repeat(64),
    at: evaluationDay(day).toISOString(),
    raw: 'compliant',
    effective: 'compliant',
    checks: [],
    ...change,
  };
}
