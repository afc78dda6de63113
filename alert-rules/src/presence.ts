/**
 * Knowing what should be there. When an exporter dies its inventory dies with it, so the rules keep a memory: everything
 * and every exporter seen in the last hour, and for longer while a target that once served it is configured but down.
 * What vanishes while its exporter is up and well was removed on purpose, and nobody is told.
 */
import { exporterRecorded, type Recorded, runtimeMetrics, windowOf } from '../../pack/metrics/index.js';
import { promql } from './promql.js';
import type { RecordingRule } from './rule.js';
import { settings } from './settings.js';

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
function newest(of: string, labels: string, metric: string, record: Recorded): string {
  return promql`
    (topk ${of} (1, max by (${labels}) (timestamp(${metric})) or max by (${labels}) (${record.name})) > bool 0)
  `;
}

/**
 * Who answers for each member, as a series of 1 to join with. Where relabelling drops the identity, the alerts must still
 * fire: what the exporter `counts` then belongs to nobody.
 *
 * @param of       the labels that name a member: `portal, workflow`
 * @param owner    the labels to join, beside these
 * @param counts   an expression that is 1 for each member, of another metric than the identity's own
 */
export function memberIdentity(of: string, owner: string, metric: string, record: Recorded, counts: string): string {
  return promql`
    ${newest(`by (${of})`, `${of}, ${owner}`, metric, record)}
    or on (${of})
    label_replace(${counts}, "team", "unassigned", "", "")
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

/**
 * Seconds since anything was heard of a member that is gone and that nobody else serves.
 *
 * @param of     the labels that name a member
 * @param owner  the labels of its identity to keep
 * @param shown  a metric that every member has while it is served
 */
export function unheardOf(of: string, owner: string, record: Recorded, shown: string): string {
  return promql`
    time() - (
      max by (${of}, ${owner}) (
        ${gone(record, 'job', exporterIsWell)}
      )
      unless on (${of}) ${shown}
    )
  `;
}

/** When something last happened or, before the first time, when its exporter began. */
export function since(metric: string): string {
  return promql`
    (${metric} > 0)
    or
    (${metric} == 0) + on (job, instance) group_left () ${runtimeMetrics.configReloadSuccess.name}
  `;
}

export function exporterPresenceRecording(): RecordingRule {
  return remembered(exporterRecorded.lastSeen, runtimeMetrics.buildInfo.name);
}
