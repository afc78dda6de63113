/**
 * Knowing what should be there. When an exporter dies its inventory dies with it, so the rules keep a memory: every
 * workflow and exporter seen in the last hour, and for longer while a target that once served it is configured but
 * down. A workflow that vanishes while its exporter is up and well was removed on purpose, and nobody is told.
 */
import {
  exporterRecorded,
  workflowMetrics as m,
  type Recorded,
  workflowRecorded as r,
  runtimeMetrics,
  windowOf,
} from '../../../pack/metrics/index.js';
import type { Pack } from '../../../pack/model.js';
import { plain, promql } from '../promql.js';
import type { RecordingRule } from '../rule.js';
import { settings } from '../settings.js';

const memory = windowOf(settings.memorySeconds);

/**
 * When each member of an inventory was last scraped: for an hour, and longer while its target is down. A subquery looks
 * only on the minute, so what has been there for seconds has to be asked for by itself.
 */
export function remembered(record: Recorded, metric: string): RecordingRule {
  return {
    record,
    expr: promql`
      max by (${record.labels.join(', ')}) (
        timestamp(${metric})
        or
        max_over_time(timestamp(${metric})[${memory}:1m])
      )
      or
      (last_over_time(${record.name}[${memory}]) and on (job, instance) (up == 0))
    `,
  };
}

/**
 * The newest title and team: during a change two may be remembered, and a join accepts only one. Asked of the metric
 * first, because what was recorded a moment ago cannot be read everywhere yet.
 */
export function newest(of: string, labels: string, metric: string, record: Recorded): string {
  return promql`
    (topk ${of} (1, max by (${labels}) (timestamp(${metric})) or max by (${labels}) (${record.name})) > bool 0)
  `;
}

/** An exporter that answers but whose collectors fail shows nothing either, and has not forgotten it on purpose. */
export const exporterIsWell = `(${runtimeMetrics.buildInfo.name} unless on (job, instance) (${runtimeMetrics.collectorSuccess.name} == 0))`;

/** The members of a memory whose own target is down, or whose job has nothing left that is `well`. */
export function gone(record: Recorded, sameKind: string, well: string): string {
  return promql`
    (${record.name} and on (job, instance) (up == 0))
    or
    (${record.name} unless on (${sameKind}) ${well})
  `;
}

export function presenceRecordings(): readonly RecordingRule[] {
  return [
    remembered(r.lastSeen, m.info.name),
    {
      // Where relabelling drops the identity, the alerts must still fire.
      record: r.identity,
      expr: promql`
        ${newest('by (portal, workflow)', 'portal, workflow, title, team, tier', m.info.name, r.lastSeen)}
        or on (portal, workflow)
        label_replace(max by (portal, workflow) (${m.slaTarget.name}) > bool 0, "team", "unassigned", "", "")
      `,
    },
    {
      record: r.lastActivity,
      expr: promql`
        max by (portal, workflow) (
          (${m.lastRun.name} > 0)
          or
          (${m.lastRun.name} == 0) + on (job, instance) group_left () ${runtimeMetrics.configReloadSuccess.name}
        )
      `,
    },
  ];
}

export function exporterPresenceRecording(): RecordingRule {
  return remembered(exporterRecorded.lastSeen, runtimeMetrics.buildInfo.name);
}

/** Seconds after which a workflow that has not run counts as standing still: three intervals, but never hastily. */
export function patience(pack: Pack): string {
  const slowest = `${settings.stalledIntervals} * max by (portal, workflow) (${m.scheduleInterval.name})`;
  return `clamp_min(${slowest}, ${plain(pack.alerting.stalledForSeconds)})`;
}

/** Multiplying by an identity of 1 leaves the value and adds the owner. */
export function withOwner(expr: string): string {
  return promql`
    (
      ${expr}
    )
    * on (portal, workflow) group_left (team, tier)
    ${r.identity.name}
  `;
}
