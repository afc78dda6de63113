import type { AuditRecords } from '../../../../pack/audit-trail/model.js';
import type { TableMemory } from '../tables/memory.js';
import type { Maintenance } from './declarations.js';
import type { Finding, FindingVerdict } from './findings.js';
import { underMaintenance } from './maintenance.js';

/**
 * Ids kept of faults that were counted. Beyond, what a full scan finds is not counted any more, because the next scan
 * would find and count it again; the gauges of the scan still show it.
 */
const MOST_IDS = 10_000;
const MOST_ACCEPTED = 50_000;
/** First sightings kept of what may yet be recorded. */
const MOST_POSTPONED = 5000;

export interface ConfirmedAt {
  readonly maintenance: Maintenance | undefined;
  readonly records: AuditRecords | undefined;
  readonly now: number;
}

export interface Confirmed {
  readonly table: TableMemory;
  /** Of each finding, in its order. */
  readonly verdicts: readonly FindingVerdict[];
  /** Those that count now and did not before. */
  readonly counted: readonly Finding[];
}

/** Decides on the findings of an exact check, all of one table. */
export function confirm(own: TableMemory, findings: readonly Finding[], at: ConfirmedAt): Confirmed {
  const { maintenance, records, now } = at;
  const accepted = new Set(own.accepted?.ids);
  const ids = new Set(own.confirmed?.ids);
  const postponed: Record<string, number> = { ...own.postponed };
  const counted: Finding[] = [];
  let isMaintained = false;
  const verdictOn = (finding: Finding): FindingVerdict => {
    if (accepted.has(finding.id)) return 'accepted';
    if (maintenance !== undefined) {
      isMaintained = true;
      return 'accepted';
    }
    if (ids.has(finding.id) || (ids.size >= MOST_IDS && finding.check === 'replay')) return 'confirmed';
    if (finding.isUnclear === true || mayStillBeRecorded(finding, records, postponed, now)) return 'postponed';
    if (ids.size < MOST_IDS) ids.add(finding.id);
    counted.push(finding);
    return 'confirmed';
  };
  const verdicts = findings.map(verdictOn);
  const explained =
    maintenance === undefined || !isMaintained ? own : { ...own, explanation: underMaintenance(maintenance, now) };
  const table = counted.length === 0 ? explained : withCounted(explained, counted, [...ids], now);
  return { table: { ...table, postponed }, verdicts, counted };
}

function withCounted(own: TableMemory, counted: readonly Finding[], ids: readonly string[], now: number): TableMemory {
  const counts: Record<string, number> = { ...own.confirmed?.counts };
  for (const { kind } of counted) counts[kind] = (counts[kind] ?? 0) + 1;
  const last = counted.at(-1)?.detail ?? '';
  const missing = counted.filter(({ kind }) => kind === 'missing').length;
  const confirmed = { since: own.confirmed?.since ?? now, counts, ids, last };
  return { ...own, confirmed, epochMissing: own.epochMissing + missing };
}

/** An application writes its record later than the change: only what is still so after that time is a fault. */
function mayStillBeRecorded(
  { id, check }: Finding,
  records: AuditRecords | undefined,
  postponed: Record<string, number>,
  now: number,
): boolean {
  // Continuity reads records only after that time, and no record will follow what the catalogue shows.
  const mayCome = check !== 'continuity' && check !== 'catalogue';
  if (records?.writtenBy !== 'application' || !mayCome) return false;
  const first = postponed[id];
  if (first === undefined && Object.keys(postponed).length < MOST_POSTPONED) postponed[id] = now;
  return first === undefined || now - first < records.maxWriteLagMs;
}

/** Faults that were there when the baseline was declared. */
export function withAccepted(own: TableMemory, ids: readonly string[]): TableMemory {
  if (own.accepted === undefined || ids.length === 0) return own;
  return { ...own, accepted: { ...own.accepted, ids: [...own.accepted.ids, ...ids].slice(-MOST_ACCEPTED) } };
}
