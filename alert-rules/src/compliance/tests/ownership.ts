import { complianceMetrics as m } from '../../../../pack/compliance/metrics.js';
import { complianceRecorded as r } from '../../../../pack/compliance/recorded.js';
import { ownershipTests, scrapedSeries } from '../../tests/ownership.js';
import { type AlertScenario, fires, holds, isEmpty, type TestFile } from '../../tests/scenario.js';

export function complianceOwnershipTests(): TestFile {
  const owned = {
    name: 'compliance board',
    info: m.board.name,
    without: m.evidenceKept.name,
    identity: r.identity.name,
    labels: { portal: 'kingston' },
    about: { board: 'kingston', title: 'Board' },
  };
  return ownershipTests('compliance', ['kop-compliance'], owned, [controlChanges(), controlTwice(), controlOfNobody()]);
}

const labels = { portal: 'kingston', control: 'AUD-02', area: 'audit_requirements' } as const;
const info = (owner: string, title: string, values: string, instance = 'probe-1:9464') =>
  scrapedSeries(m.info.name, { ...labels, severity: 'critical', owner, title, instance }, values);
const fails = scrapedSeries(m.status.name, { ...labels, status: 'non_compliant' }, '1x20');
const board = scrapedSeries(
  m.board.name,
  { portal: 'kingston', board: 'kingston', title: 'Board', team: 'compliance' },
  '1x20',
);
const alert = 'ComplianceControlFailing';

function controlChanges(): AlertScenario {
  return {
    name: 'ownership: a failing control that changes hands is an alert of its new team alone',
    series: [board, fails, info('compliance', 'Audit', '1x9 stale'), info('security', 'Audit', '_x10 1x10')],
    queries: [
      fires(alert, 4, { team: 'compliance' }),
      ...[6, 8].flatMap((minute) => [
        holds(`${r.controlIdentity.name}{team="security"}`, minute),
        isEmpty(`${r.controlIdentity.name}{team!="security"}`, minute),
        fires(alert, minute, { team: 'security' }),
      ]),
    ],
  };
}

/** A join with two titles fails, and takes the whole rule with it. */
function controlTwice(): AlertScenario {
  return {
    name: 'ownership: a failing control that two exporters name differently is one alert',
    series: [board, fails, info('compliance', 'Audit', '1x20'), info('security', 'Audits', '1x20', 'probe-2:9464')],
    queries: [4, 8].flatMap((minute) => [holds(r.controlIdentity.name, minute), fires(alert, minute)]),
  };
}

function controlOfNobody(): AlertScenario {
  return {
    name: 'ownership: a failing control whose identity was dropped by relabelling is told all the same',
    series: [board, fails],
    queries: [fires(alert, 4, { team: 'unassigned', priority: 'medium' })],
  };
}
