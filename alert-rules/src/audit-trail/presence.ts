/** What is known to exist, and whether anybody polls it. */
import { auditMetrics as m } from '../../../pack/audit-trail/metrics.js';
import { auditRecorded as r } from '../../../pack/audit-trail/recorded.js';
import { windowOf } from '../../../pack/metrics/index.js';
import { memberIdentity, remembered } from '../presence.js';
import { promql } from '../promql.js';
import type { RecordingRule } from '../rule.js';
import { settings } from '../settings.js';
import { ofTable, ofTrail } from './owner.js';
import { pollPatience } from './patience.js';
import { auditSettings } from './settings.js';

/** Trails whose database cannot be reached: everything else about them is unknown for that reason alone. */
export const isCutOff = `(max ${ofTrail} (${m.evidenceState.name}{source="connection", state="unknown"}) == 1)`;

/**
 * What is measured or, while one of these sources cannot be seen, was measured last: losing sight must not end an alarm.
 *
 * @param sources by default those without which the exporter cannot poll at all.
 */
export function lastKnown(by: string, series: string, sources = 'connection|catalogue'): string {
  const isUnseen = `(max ${ofTrail} (${m.evidenceState.name}{source=~"${sources}", state="unknown"}) == 1)`;
  const memory = windowOf(auditSettings.lastKnownSeconds);
  return promql`
    (
      max ${by} (${series})
      or
      max ${by} (last_over_time(${series}[${memory}])) and on (portal, trail) ${isUnseen}
    )
  `;
}

/** Trails whose records cannot be read, for whatever reason. */
export const hasNoRecords = `(max ${ofTrail} (${m.evidenceState.name}{source="records", state="unknown"}) == 1)`;

export function presenceRecordings(): readonly RecordingRule[] {
  const counts = `max ${ofTrail} (${m.pollInterval.name}) >= bool 0`;
  return [
    remembered(r.lastSeen, m.info.name),
    { record: r.identity, expr: memberIdentity('portal, trail', 'title, team', m.info.name, r.lastSeen, counts) },
    {
      // A table without a trigger is a gap; a portal without any trigger and any record has no audit trail, and saying
      // so once is more than saying 22 times what follows from it.
      record: r.absent,
      expr: promql`
        ${hasNoRecords}
        and on (portal, trail) (max ${ofTrail} (${m.tablesInScope.name}) > 0)
        unless on (portal, trail) (max ${ofTrail} (${m.coverage.name}) > 0)
        unless on (portal, trail) ${isCutOff}
      `,
    },
    {
      // Its own memory, so that a lost trigger is news for as long as it is lost and not only for some hours.
      record: r.wasCovered,
      expr: promql`
        (max ${ofTable} (${m.coverage.name}) == 1)
        or
        (last_over_time(${r.wasCovered.name}[${windowOf(settings.memorySeconds)}]) and on (portal, trail, table) ${m.tableState.name})
      `,
    },
    {
      record: r.unprovenSince,
      expr: promql`
        (last_over_time(${r.unprovenSince.name}[${windowOf(auditSettings.unproven.memorySeconds)}]) and on (portal, trail, table) ${isUnproven})
        or
        time() + 0 * ${isUnproven}
      `,
    },
  ];
}

const isUnproven = `(max ${ofTable} (${m.tableState.name}{state=~"suspect|unknown"}) == 1)`;

/** Trails that the observer has polled lately; without it a state that no longer changes would seem calm. */
export const isPolled = `(max ${ofTrail} (${m.lastCheck.name}{check="tripwires"} > 0) > time() - ${pollPatience})`;
