/** One line for each control, for people with a spreadsheet. */
import type { ControlDetail } from '../../api/schemas.js';
import { csvCell } from './csv-cell.js';
import { type ControlSnapshot, filterTexts } from './snapshot.js';

type CsvColumn = (control: ControlDetail, snapshot: ControlSnapshot) => string | number | undefined;

const columns: Readonly<Record<string, CsvColumn>> = {
  board: ({ board }) => board,
  portal: ({ portal }) => portal,
  control: ({ id }) => id,
  title: ({ title }) => title,
  area: ({ area }) => area,
  severity: ({ severity }) => severity,
  owner: ({ owner }) => owner,
  status: ({ status }) => status,
  raw_status: ({ raw }) => raw,
  since: ({ since }) => since,
  reason: ({ reason }) => reason,
  waiver: ({ waiver }) => waiver?.id,
  waiver_expires_on: ({ waiver }) => waiver?.expiresOn,
  evaluated_at: ({ evaluatedAt }) => evaluatedAt,
  evidence_at: ({ evidenceAt }) => evidenceAt,
  evidence_max_age_seconds: ({ evidenceMaxAgeSeconds }) => evidenceMaxAgeSeconds,
  next_review: ({ nextReview }) => nextReview,
  references: ({ references }) =>
    references.map(({ framework, ref, confidence }) => `${framework} ${ref} (${confidence})`).join('; '),
  catalogue: ({ catalogue }) => `${catalogue.name} ${catalogue.version}`,
  catalogue_sha256: ({ catalogue }) => catalogue.sha256,
  evaluation: ({ evaluation }) => evaluation?.number,
  evaluation_sha256: ({ evaluation }) => evaluation?.sha256,
  as_of: (_, { asOf }) => asOf.toISOString(),
  filters: (_, snapshot) => filterTexts(snapshot).join('; '),
};

/** RFC 4180. */
export function controlCsv(snapshot: ControlSnapshot): string {
  const lines = snapshot.controls.map((control) =>
    Object.values(columns).map((column) => csvCell(column(control, snapshot) ?? '')),
  );
  return [Object.keys(columns), ...lines].map((line) => `${line.join(',')}\r\n`).join('');
}
