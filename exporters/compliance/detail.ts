import type { ComplianceBoard, ControlCheck } from '../../pack/compliance/model/index.js';
import type { ControlDetail } from './api/schemas.js';
import type { DatedView } from './evaluation/board-watch.js';
import { limitsOf } from './evaluation/evaluation-document.js';
import type { CheckFinding } from './status/finding.js';

/** A control as the API and exports show it. */
export function detailOf(board: ComplianceBoard, view: DatedView): ControlDetail {
  const { control, status, raw, reason, waiver, comingFrom, evidenceAt, evaluatedAt, since, findings } = view;
  const { id, title, area, owner, severity, statement, guidance, runbook, references, checks, nextReview } = control;
  const catalogue = board.catalogues.find(({ name }) => name === control.catalogue);
  return {
    board: board.name,
    portal: board.portal,
    id,
    title,
    area,
    owner,
    severity,
    status,
    raw,
    since: since.toISOString(),
    ...(reason === undefined ? {} : { reason }),
    ...(waiver === undefined ? {} : { waiver: shownWaiver(waiver) }),
    ...(evidenceAt === undefined ? {} : { evidenceAt: evidenceAt.toISOString() }),
    evidenceMaxAgeSeconds: control.evidenceMaxAgeSeconds,
    ...(evaluatedAt === undefined ? {} : { evaluatedAt: evaluatedAt.toISOString() }),
    ...(comingFrom === undefined ? {} : { comingFrom }),
    ...(nextReview === undefined ? {} : { nextReview }),
    statement,
    ...(guidance === undefined ? {} : { guidance }),
    ...(runbook === undefined ? {} : { runbook }),
    references: references.map((reference) => ({ ...reference })),
    checks: checks.map((check) => detailOfCheck(check, findings.get(check.name))),
    catalogue: {
      name: control.catalogue,
      version: catalogue?.version ?? '',
      sha256: catalogue?.sha256 ?? '',
    },
  };
}

function shownWaiver({ control: _, coversUnknown: __, ...waiver }: NonNullable<DatedView['waiver']>) {
  return waiver;
}

function detailOfCheck(check: ControlCheck, finding: CheckFinding | undefined): ControlDetail['checks'][number] {
  const { name, title, kind, unit } = check;
  const base = { name, title, kind, unit, ...limitsOf(check) };
  if (finding === undefined) return { ...base, outcome: 'unknown', reason: 'it was not evaluated yet' };
  const { outcome, seen } = finding;
  return {
    ...base,
    outcome,
    ...(seen?.value === undefined ? {} : { value: seen.value }),
    ...(seen === undefined ? {} : { asOf: seen.asOf.toISOString(), source: seen.source }),
    ...(outcome === 'pass' ? {} : { reason: finding.reason }),
  };
}
