import { controlSeverities } from '../../../pack/compliance/model/control.js';
import { controlStatuses } from '../../../pack/compliance/model/status.js';
import { countStatuses } from '../status/roll-up.js';
import type { ControlDetail, ControlFilter, ControlQuery, ControlSummary, StatusSummary } from './schemas.js';

export interface ControlPage {
  readonly total: number;
  readonly summary: StatusSummary;
  readonly items: readonly ControlSummary[];
  readonly next: string | undefined;
}

/** All of them, worst first. */
export function selectedControls(
  controls: readonly ControlDetail[],
  filter: ControlFilter,
  now: Date,
): readonly ControlDetail[] {
  return controls.filter((control) => isSelected(control, filter, now)).sort(worstFirst);
}

const actionable: readonly string[] = ['non_compliant', 'unknown', 'at_risk'];

/**
 * What a query selects, worst first. The cursor names the last control of the page before, so that a control that changes
 * its place between two pages moves no other.
 */
export function pageOf(controls: readonly ControlDetail[], query: ControlQuery, now: Date): ControlPage {
  const selected = selectedControls(controls, query, now);
  const after = query.cursor === undefined ? undefined : parseCursor(query.cursor);
  const rest = after === undefined ? selected : selected.filter((control) => compareKeys(keyOf(control), after) > 0);
  const page = rest.slice(0, query.limit);
  const last = page.at(-1);
  return {
    total: selected.length,
    summary: countStatuses(selected),
    items: page.map(toSummary),
    next: last === undefined || rest.length === page.length ? undefined : JSON.stringify(keyOf(last)),
  };
}

/** A cursor that is none selects everything again: no page is lost, and nothing is claimed. */
type Key = readonly [status: number, severity: number, id: string, board: string];

function parseCursor(text: string): Key | undefined {
  try {
    const value: unknown = JSON.parse(text);
    if (!Array.isArray(value)) return undefined;
    const [status, severity, id, board]: unknown[] = value;
    if (typeof status !== 'number' || typeof severity !== 'number') return undefined;
    return typeof id === 'string' && typeof board === 'string' ? [status, severity, id, board] : undefined;
  } catch {
    return undefined;
  }
}

export function isCursor(text: string): boolean {
  return parseCursor(text) !== undefined;
}

/** Whether the evidence is older than it may be, or there is none. */
function isStale({ status, evidenceAt, evidenceMaxAgeSeconds }: ControlDetail, now: Date): boolean {
  if (status === 'not_applicable') return false;
  return evidenceAt === undefined || now.getTime() - Date.parse(evidenceAt) > evidenceMaxAgeSeconds * 1000;
}

function isSelected(control: ControlDetail, query: ControlFilter, now: Date): boolean {
  const { board, area, status, severity, owner, framework, q } = query;
  if (board !== undefined && control.board !== board) return false;
  if (area !== undefined && control.area !== area) return false;
  if (status !== undefined && control.status !== status) return false;
  if (severity !== undefined && control.severity !== severity) return false;
  if (owner !== undefined && control.owner !== owner) return false;
  if (framework !== undefined && !control.references.some((reference) => reference.framework === framework))
    return false;
  if (query.actionable !== undefined && actionable.includes(control.status) !== query.actionable) return false;
  if (query.stale !== undefined && isStale(control, now) !== query.stale) return false;
  return q === undefined || `${control.id} ${control.title}`.toLowerCase().includes(q.toLowerCase());
}

function keyOf({ status, severity, id, board }: ControlSummary): Key {
  return [controlStatuses.indexOf(status), controlSeverities.indexOf(severity), id, board];
}

function worstFirst(left: ControlSummary, right: ControlSummary): number {
  return compareKeys(keyOf(left), keyOf(right));
}

function compareKeys(left: Key, right: Key): number {
  for (const [at, value] of left.entries()) {
    const other = right[at] ?? value;
    if (value < other) return -1;
    if (value > other) return 1;
  }
  return 0;
}

function toSummary(control: ControlDetail): ControlSummary {
  const { statement, guidance, runbook, references, checks, waiver, catalogue, evaluation, ...summary } = control;
  return waiver === undefined ? summary : { ...summary, waiver: { id: waiver.id, expiresOn: waiver.expiresOn } };
}
