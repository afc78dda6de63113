import type { CatalogueIdentity, ComplianceBoard, ControlCheck } from '../../../pack/compliance/model/index.js';
import { type CheckEvidence, canonicalText, type EvaluationDocument } from '../evidence/document.js';
import { digestOf } from '../evidence/store/sha256.js';
import { decimalOf } from '../status/decimal.js';
import { comparisonOf } from '../status/expectation.js';
import type { CheckFinding } from '../status/finding.js';
import type { ControlView } from './view.js';

/** The control's definition as it is kept beside evaluations, so that they can be repeated. */
export function definitionOf(view: Pick<ControlView, 'control'>): { readonly sha256: string; readonly text: string } {
  const text = canonicalText(view.control);
  return { sha256: digestOf(text), text };
}

/** @param at when it was evaluated. */
export function evaluationDocument(
  board: Pick<ComplianceBoard, 'name' | 'portal' | 'catalogues'>,
  view: ControlView,
  at: Date,
): EvaluationDocument {
  const { control, raw, status, reason, waiver, findings } = view;
  const { name, version, sha256 } = catalogueOf(board, control.catalogue);
  return {
    format: 'kop-evaluation-1',
    board: board.name,
    portal: board.portal,
    control: control.id,
    catalogue: { name, version, sha256 },
    definition: definitionOf(view).sha256,
    at: at.toISOString(),
    raw,
    effective: status,
    ...(waiver === undefined ? {} : { waiver: waiver.id }),
    ...(reason === undefined ? {} : { reason }),
    checks: control.checks.map((check) => evidenceOf(check, findings.get(check.name), at)),
  };
}

function catalogueOf({ catalogues }: Pick<ComplianceBoard, 'catalogues'>, name: string): CatalogueIdentity {
  const found = catalogues.find((catalogue) => catalogue.name === name);
  if (found === undefined) throw new Error(`a control comes from the catalogue ${name}, which the board does not have`);
  return found;
}

function evidenceOf(check: ControlCheck, finding: CheckFinding | undefined, at: Date): CheckEvidence {
  const { name, kind } = check;
  if (finding === undefined) return { name, kind, outcome: 'unknown', source: '', reason: 'not looked at' };
  const { outcome, seen } = finding;
  const isOld = seen !== undefined && seen.asOf.getTime() !== at.getTime();
  return {
    name,
    kind,
    outcome,
    ...(seen?.value === undefined ? {} : { value: seen.value }),
    ...limitsOf(check),
    ...(isOld ? { asOf: seen.asOf.toISOString() } : {}),
    source: seen?.source ?? (outcome === 'unknown' ? finding.source : ''),
    ...(outcome === 'pass' ? {} : { reason: finding.reason }),
  };
}

/** What the value is compared with, for the kinds that compare one. */
export function limitsOf(check: ControlCheck): Pick<CheckEvidence, 'operator' | 'limit' | 'warnLimit'> {
  const expected = comparisonOf(check);
  if (expected === undefined) return {};
  const { operator, limit, warnLimit } = expected;
  const warn = warnLimit === undefined ? undefined : decimalOf(warnLimit);
  return { operator, limit: decimalOf(limit) ?? '0', ...(warn === undefined ? {} : { warnLimit: warn }) };
}
