import { assessmentResults } from '../interchange/export/assessment-results.js';
import { controlCsv } from '../interchange/export/control-csv.js';
import { planOfAction } from '../interchange/export/poam.js';
import { type ControlSnapshot, cataloguesOf } from '../interchange/export/snapshot.js';
import { countStatuses } from '../status/roll-up.js';
import { selectedControls } from './listing.js';
import type { ControlDetail, ExportQuery } from './schemas.js';

export interface ExportedControls {
  readonly type: string;
  readonly fileName: string;
  readonly body: string;
}

/** Undefined where the format has no document for nothing. */
export function exportedControls(
  controls: readonly ControlDetail[],
  { format, ...filter }: ExportQuery,
  asOf: Date,
  packVersion: string,
): ExportedControls | undefined {
  const snapshot: ControlSnapshot = {
    controls: selectedControls(controls, filter, asOf),
    asOf,
    filters: writtenFilters(filter),
    packVersion,
  };
  const stamp = asOf.toISOString().replace(/[-:]|\.\d+/g, '');
  if (format === 'csv') {
    return { type: 'text/csv', fileName: `controls-${stamp}.csv`, body: controlCsv(snapshot) };
  }
  const document = { json: plainExport, oscal: assessmentResults, poam: planOfAction }[format](snapshot);
  if (document === undefined) return undefined;
  return {
    type: format === 'json' ? 'application/json' : 'application/oscal+json',
    fileName: `${format === 'json' ? 'controls' : format}-${stamp}.json`,
    body: JSON.stringify(document),
  };
}

function plainExport(snapshot: ControlSnapshot): object {
  const { controls, asOf, filters, packVersion } = snapshot;
  return {
    asOf: asOf.toISOString(),
    packVersion,
    filters,
    catalogues: cataloguesOf(snapshot),
    summary: countStatuses(controls),
    items: controls,
  };
}

function writtenFilters(filter: object): Readonly<Record<string, string>> {
  return Object.fromEntries(
    Object.entries(filter).flatMap(([name, value]) => (value === undefined ? [] : [[name, String(value)]])),
  );
}
