/** The pack watching itself: an exporter that is silent looks exactly like a portal without faults. */

import type { Pack } from '../../pack/index.js';
import { runtimeMetrics as m, exporterRecorded as r, windowOf } from '../../pack/metrics/index.js';
import { calendarMetrics } from '../../pack/policy/metrics.js';
import { alertRule, operatingTeam, overviewDashboardPath } from './policy.js';
import { gone } from './presence.js';
import { promql } from './promql.js';
import type { AlertRule } from './rule.js';
import { settings } from './settings.js';

export function exporterAlerts(pack: Pack): readonly AlertRule[] {
  return [
    exporterDown(pack),
    collectorFailing(pack),
    threadRestarting(pack),
    seriesLeftOut(pack),
    stateNotKept(pack),
    shardsInconsistent(pack),
    configReloadFailed(pack),
    calendarEnding(pack),
  ];
}

function exporterDown(pack: Pack): AlertRule {
  return alertRule(pack, {
    name: 'KopExporterDown',
    priority: 'high',
    team: operatingTeam(pack),
    forSeconds: settings.exporterDownForSeconds,
    // A replaced instance (a new pod) is not down while another of its job serves the same; `up` tells the difference
    // between an instance that was taken away and one that does not answer.
    expr: promql`
      time() - (
        ${gone(r.lastSeen, 'job, exporter', m.buildInfo.name)}
      )
    `,
    summary: 'An exporter does not answer, so what it measures is unknown.',
    description:
      'The {{ $labels.exporter }} exporter at {{ $labels.instance }} (job {{ $labels.job }}) was last scraped ' +
      '{{ $value | humanizeDuration }} ago.',
    dashboard: overviewDashboardPath,
  });
}

function collectorFailing(pack: Pack): AlertRule {
  return alertRule(pack, {
    name: 'KopCollectorFailing',
    priority: 'medium',
    team: operatingTeam(pack),
    forSeconds: settings.collectorForSeconds,
    expr: `${m.collectorSuccess.name} == 0`,
    summary: 'Part of an exporter fails, and its series are missing.',
    description:
      'The collector {{ $labels.collector }} of {{ $labels.instance }} (job {{ $labels.job }}) delivers nothing; its old ' +
      'values are gone rather than stale. Where /-/healthy answers 503, its measuring thread was given up, and only a restart helps.',
    dashboard: overviewDashboardPath,
  });
}

/** Between two restarts it works, so no other alert lasts long enough to fire. */
function threadRestarting(pack: Pack): AlertRule {
  const { windowSeconds, atLeast } = settings.threadRestarts;
  return alertRule(pack, {
    name: 'KopMeasuringThreadRestarting',
    priority: 'medium',
    team: operatingTeam(pack),
    expr: `increase(${m.threadRestarts.name}[${windowOf(windowSeconds)}]) > ${atLeast - 0.5}`,
    summary: 'A measuring thread dies or hangs again and again, so measurements are missing.',
    description:
      'The thread {{ $labels.thread }} of {{ $labels.instance }} (job {{ $labels.job }}) had to be started again about ' +
      '{{ $value | humanize }} times within a quarter of an hour.',
    dashboard: overviewDashboardPath,
  });
}

/** Until it starts again: what was left out while there was no room is in no counter that came later. */
function seriesLeftOut(pack: Pack): AlertRule {
  return alertRule(pack, {
    name: 'KopSeriesLeftOut',
    priority: 'medium',
    team: operatingTeam(pack),
    expr: `${m.metricOverflows.name} > 0`,
    summary: 'A metric of an exporter was full, so part of what it measures is missing.',
    description:
      'Since the {{ $labels.exporter }} exporter at {{ $labels.instance }} (job {{ $labels.job }}) was started, a metric ' +
      'reached the most series it may have {{ $value | humanize }} times. Its log names the metric.',
    dashboard: overviewDashboardPath,
  });
}

/** Nothing is missing yet; at the next restart everything that rests on what was known before it is unknown. */
function stateNotKept(pack: Pack): AlertRule {
  return alertRule(pack, {
    name: 'KopStateNotKept',
    priority: 'medium',
    team: operatingTeam(pack),
    forSeconds: settings.stateForSeconds,
    expr: `${m.stateWritable.name} == 0`,
    summary: 'An exporter cannot keep its state, which is lost at its next restart.',
    description:
      'The {{ $labels.exporter }} exporter at {{ $labels.instance }} (job {{ $labels.job }}) cannot write to its state ' +
      'directory. Its log and its page name the directory and the reason.',
    dashboard: overviewDashboardPath,
  });
}

/**
 * Of processes with one description: each share must be measured by exactly one. Whole ones are not compared, because
 * several may measure different portals with the same files.
 */
function shardsInconsistent(pack: Pack): AlertRule {
  const set = 'job, exporter, sha256';
  const shards = `(${m.shardCount.name} * on (job, instance) group_left (sha256) ${m.configInfo.name})`;
  const count = `max by (${set}) ${shards}`;
  return alertRule(pack, {
    name: 'KopShardsInconsistent',
    priority: 'medium',
    team: operatingTeam(pack),
    forSeconds: settings.shardsForSeconds,
    expr: promql`
      ${count} > 1
      and (
        ${count} != min by (${set}) ${shards}
        or
        ${count} != count by (${set}) ${shards}
        or
        ${count} != count by (${set}) (count by (${set}, index) ${shards})
      )
    `,
    summary: 'Shards do not fit together: names are measured twice or not at all.',
    description:
      'The {{ $labels.exporter }} exporters of job {{ $labels.job }} with one description say that there are up to ' +
      '{{ $value | humanize }} shards, but not each of 1 to {{ $value | humanize }} is there exactly once with that number. ' +
      'Workflows, trails or columns of a missing shard are not watched; those of a doubled one are counted twice.',
    dashboard: overviewDashboardPath,
  });
}

function configReloadFailed(pack: Pack): AlertRule {
  return alertRule(pack, {
    name: 'KopConfigReloadFailed',
    priority: 'medium',
    team: operatingTeam(pack),
    forSeconds: settings.configReloadForSeconds,
    expr: promql`
      time() - ${m.configReloadSuccess.name}
      and on (job, instance)
      ${m.configReloadSuccessful.name} == 0
    `,
    summary: 'An exporter refused its changed configuration and runs on the old one.',
    description:
      'The exporter at {{ $labels.instance }} (job {{ $labels.job }}) could not load its configuration. It runs on the one ' +
      'loaded {{ $value | humanizeDuration }} ago, and will not start with the new one.',
    dashboard: overviewDashboardPath,
  });
}

/** Of all exporters that know the calendar, because one release of the pack serves them. */
function calendarEnding(pack: Pack): AlertRule {
  return alertRule(pack, {
    name: 'KopCalendarEnding',
    priority: 'medium',
    team: operatingTeam(pack),
    expr: `min by (calendar) (${calendarMetrics.validUntil.name}) - time() < ${settings.calendarEndsSeconds}`,
    summary: 'The bank holidays of a calendar are soon unknown, and with them deadlines and business hours.',
    description:
      'The bank holidays of the calendar {{ $labels.calendar }} are known for another {{ $value | humanizeDuration }}. ' +
      'Deadlines that need later days are uncertain already.',
    dashboard: overviewDashboardPath,
  });
}

/** Always firing: whoever receives it alarms when it stops, because nothing here can announce its own death. */
export function watchdog(pack: Pack): AlertRule {
  return alertRule(pack, {
    name: 'KopWatchdog',
    priority: 'none',
    team: operatingTeam(pack),
    expr: 'vector(1)',
    summary: 'Always firing, to show that alerts get through.',
    description:
      'Prometheus evaluates the rules and Alertmanager delivers. Route this to a heartbeat service that alarms when it ' +
      'stops arriving.',
    dashboard: overviewDashboardPath,
  });
}
