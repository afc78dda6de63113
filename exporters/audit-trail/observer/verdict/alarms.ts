import { type LoopState, tableMemory } from '../loop-state.js';
import { covers, declarationId, type Maintenance } from './declarations.js';
import type { Finding, FindingVerdict } from './findings.js';
import { type Alarm, suspect } from './state.js';

/**
 * Ids kept of faults that were counted. Beyond, what a sweep finds is not counted any more, because the next sweep would
 * find and count it again; the gauges of the sweep still show it.
 */
const MOST_IDS = 10_000;
const MOST_ACCEPTED = 50_000;
/** First sightings kept of what may yet be recorded. */
const MOST_POSTPONED = 5000;

/** A tripwire was touched. Under declared maintenance that is what was to be expected. */
export function raise(context: LoopState, table: string, alarm: Alarm): void {
  const memory = tableMemory(context, table);
  const now = context.options.now();
  const maintenance = maintenanceOf(context, table);
  if (maintenance !== undefined) {
    memory.explanation = { reason: `maintenance: ${maintenance.reason}`, at: now };
    return;
  }
  const before = memory.suspicion;
  memory.suspicion = suspect(before, alarm, context.seen?.facts.xmax ?? 0n, now);
  if (memory.suspicion !== before) context.log.warn('audit trail suspect', { table, cause: alarm.detail });
}

/**
 * The maintenance declared for a table now; a little longer than declared, because counters arrive late, and until its
 * baseline was taken.
 */
export function maintenanceOf(context: LoopState, table: string): Maintenance | undefined {
  const now = context.options.now();
  return context.declarations.find(
    (item): item is Maintenance =>
      item.kind === 'maintenance' &&
      covers(item, table) &&
      Date.parse(item.from) <= now &&
      (now <= Date.parse(item.until) + context.options.settleMs ||
        !context.memory.applied.includes(declarationId(item))),
  );
}

/** Differences that are none. */
export function explain(context: LoopState, table: string, reason: string): void {
  tableMemory(context, table).explanation = { reason, at: context.options.now() };
}

/** Faults that were there when the baseline was declared. */
export function accept(context: LoopState, table: string, ids: readonly string[]): void {
  const { accepted } = tableMemory(context, table);
  if (accepted !== undefined && ids.length > 0) accepted.ids = [...accepted.ids, ...ids].slice(-MOST_ACCEPTED);
}

/** An exact check found a fault. @returns whether it counts against the table, now or already before. */
export function confirm(context: LoopState, finding: Finding): FindingVerdict {
  const memory = tableMemory(context, finding.table);
  const now = context.options.now();
  if (memory.accepted !== undefined && idsOf(memory.accepted.ids).has(finding.id)) return 'accepted';
  const maintenance = maintenanceOf(context, finding.table);
  if (maintenance !== undefined) {
    memory.explanation = { reason: `maintenance: ${maintenance.reason}`, at: now };
    return 'accepted';
  }
  if (memory.confirmed !== undefined) {
    const ids = idsOf(memory.confirmed.ids);
    if (ids.has(finding.id) || (ids.size >= MOST_IDS && finding.check === 'replay')) return 'confirmed';
  }
  if (finding.isUnclear === true || mayStillBeRecorded(context, finding, now)) return 'postponed';
  const confirmed = memory.confirmed ?? { since: now, counts: {}, ids: [], last: '' };
  confirmed.counts[finding.kind] = (confirmed.counts[finding.kind] ?? 0) + 1;
  confirmed.last = finding.detail;
  if (confirmed.ids.length < MOST_IDS) {
    confirmed.ids.push(finding.id);
    idsOf(confirmed.ids).add(finding.id);
  }
  memory.confirmed = confirmed;
  if (finding.kind === 'missing') memory.epochMissing += 1;
  context.metrics.finding(finding.table, finding.kind, finding.operation, finding.check);
  context.log.debug('audit trail fault confirmed', {
    table: finding.table,
    kind: finding.kind,
    operation: finding.operation,
    check: finding.check,
    detail: finding.detail,
  });
  return 'confirmed';
}

/** An application writes its record later than the change: only what is still so after that time is a fault. */
function mayStillBeRecorded(context: LoopState, finding: Finding, now: number): boolean {
  const { records } = context.trail;
  // What continuity reads was held back for that long already, and of what the catalogue shows no record will come.
  const mayCome = finding.check !== 'continuity' && finding.check !== 'catalogue';
  if (records?.writtenBy !== 'application' || !mayCome) return false;
  const { postponed } = tableMemory(context, finding.table);
  const first = postponed[finding.id];
  if (first === undefined && Object.keys(postponed).length < MOST_POSTPONED) postponed[finding.id] = now;
  return first === undefined || now - first < records.maxWriteLagMs;
}

/** Looking thousands of ids up in a list of thousands, once per finding, would take longer than the checks. */
const sets = new WeakMap<readonly string[], Set<string>>();

function idsOf(ids: readonly string[]): Set<string> {
  const known = sets.get(ids);
  if (known !== undefined) return known;
  const set = new Set(ids);
  sets.set(ids, set);
  return set;
}
