import type { Pack } from '../../../../pack/index.js';
import { workflowRecorded as r, workflowStates } from '../../../../pack/workflow/recorded.js';
import { settings } from '../../settings.js';
import { promqlDuration } from '../../tests/duration.js';
import { type AlertScenario, fires, holds, isQuiet, sent, type TestFile } from '../../tests/scenario.js';
import { workflowSettings } from '../settings.js';
import { names, workflowRuleFiles, worldSeries } from './world.js';

const memory = settings.memorySeconds / 60;

export function measuringTests(pack: Pack): readonly TestFile[] {
  return [
    {
      path: 'alert-rules/tests/workflow-measuring.test.yaml',
      about: 'Alerts when workflows are not measured, or not properly.',
      evaluateEvery: 1,
      rules: workflowRuleFiles,
      scenarios: [...noData(pack), ...stalled(pack), ...tainted(), ...dropped(), ...ownFault(), ...states(pack)],
    },
  ];
}

function noData(pack: Pack): readonly AlertScenario[] {
  const alert = 'WorkflowSlaNoData';
  const wait = pack.alerting.noDataForSeconds / 60;
  const outage = memory + wait + 90;
  return [
    {
      name: `${alert}: fires when the exporter dies, for as long as it is dead, and recovers`,
      series: worldSeries({ phases: [{ minutes: 30 }, { minutes: outage, target: 'down' }, { minutes: 10 }] }),
      queries: [
        isQuiet(alert, 29),
        isQuiet(alert, 30 + wait - 2),
        fires(alert, 30 + wait + 2),
        fires(alert, 30 + outage - 1),
        isQuiet(alert, 30 + outage + 3),
      ],
      sent: [sent(alert, 30 + wait + 2, names, promqlDuration(wait + 3))],
    },
    {
      name: `${alert}: fires when the target vanishes from Prometheus, and gives up after an hour`,
      series: worldSeries({ phases: [{ minutes: 30 }, { minutes: memory + 30, target: 'gone' }] }),
      queries: [fires(alert, 30 + wait + 2), fires(alert, 30 + memory - 5), isQuiet(alert, 30 + memory + 5)],
    },
    {
      name: `${alert}: stays quiet when a workflow is removed on purpose`,
      series: worldSeries({ phases: [{ minutes: 30 }, { minutes: memory + 30, described: false }] }),
      queries: [31, 30 + wait + 2, 30 + memory - 5, 30 + memory + 20].map((minute) => isQuiet(alert, minute)),
    },
    {
      name: `${alert}: fires when the exporter answers but its collector fails, and recovers`,
      series: worldSeries({ phases: [{ minutes: 30 }, { minutes: wait + 20, collectorOk: false }, { minutes: 10 }] }),
      queries: [isQuiet(alert, 29), fires(alert, 30 + wait + 2), isQuiet(alert, 30 + wait + 25)],
    },
    {
      name: `${alert}: stays quiet while another exporter measures the same workflow`,
      series: [
        ...worldSeries({ phases: [{ minutes: 30 }, { minutes: wait + 30, target: 'down' }] }),
        ...worldSeries({ instance: 'probe-2:9464', phases: [{ minutes: 60 + wait }] }),
      ],
      queries: [isQuiet(alert, 30 + wait + 20)],
    },
  ];
}

function stalled(pack: Pack): readonly AlertScenario[] {
  const alert = 'WorkflowSlaStalled';
  const wait = pack.alerting.stalledForSeconds / 60;
  const slow = { intervalSeconds: 3_600, runsPerMinute: 1 / 60 };
  return [
    {
      name: `${alert}: fires when runs stop, and recovers with the next one`,
      series: worldSeries({ phases: [{ minutes: 30 }, { minutes: wait + 20, runsPerMinute: 0 }, { minutes: 10 }] }),
      queries: [
        isQuiet(alert, 29),
        isQuiet(alert, 30 + wait - 3),
        fires(alert, 30 + wait + 5),
        isQuiet(alert, 30 + wait + 23),
      ],
      sent: [sent(alert, 30 + wait + 5, names, promqlDuration(wait + 6))],
    },
    {
      name: `${alert}: fires when a new workflow never runs at all`,
      series: worldSeries({ hasRun: false, phases: [{ minutes: wait + 20, runsPerMinute: 0 }] }),
      queries: [isQuiet(alert, wait - 3), fires(alert, wait + 5)],
    },
    {
      name: `${alert}: stays quiet between two runs of a slow schedule`,
      series: worldSeries({
        intervalSeconds: slow.intervalSeconds,
        phases: [{ minutes: 10 }, { minutes: 150, runsPerMinute: 0 }, { minutes: 5 }],
      }),
      queries: [isQuiet(alert, 10 + wait + 5), isQuiet(alert, 155)],
    },
  ];
}

function tainted(): readonly AlertScenario[] {
  const alert = 'WorkflowMeasurementTainted';
  const { forSeconds, windowSeconds } = workflowSettings.tainted;
  const wait = (forSeconds + windowSeconds) / 60;
  return [
    {
      name: `${alert}: fires when half of the runs are tainted for long, and recovers`,
      series: worldSeries({
        phases: [{ minutes: 30 }, { minutes: wait + 10, runsPerMinute: 0.5, taintedPerMinute: 0.5 }, { minutes: wait }],
      }),
      queries: [isQuiet(alert, 29), fires(alert, 30 + wait + 5), isQuiet(alert, 30 + wait + 10 + wait - 5)],
      sent: [sent(alert, 30 + wait + 5, names, '50%')],
    },
    {
      name: `${alert}: stays quiet at one tainted run in ten`,
      series: worldSeries({ phases: [{ minutes: wait + 10, runsPerMinute: 0.9, taintedPerMinute: 0.1 }] }),
      queries: [isQuiet(alert, wait + 5)],
    },
  ];
}

function dropped(): readonly AlertScenario[] {
  const alert = 'WorkflowRunsDropped';
  const { forSeconds, windowSeconds } = workflowSettings.dropped;
  const wait = (forSeconds + windowSeconds) / 60;
  return [
    {
      name: `${alert}: fires when every other run does not start, and recovers`,
      series: worldSeries({
        phases: [
          { minutes: 30 },
          { minutes: wait + 10, runsPerMinute: 0.5, droppedPerMinute: { overlap: 0.5 } },
          { minutes: wait },
        ],
      }),
      queries: [isQuiet(alert, 29), fires(alert, 30 + wait + 5), isQuiet(alert, 30 + wait + 10 + wait - 5)],
      sent: [sent(alert, 30 + wait + 5, names, '50%')],
    },
    {
      name: `${alert}: stays quiet when turns are lost to restarts of the exporter`,
      series: worldSeries({
        phases: [{ minutes: wait + 10, runsPerMinute: 0.5, droppedPerMinute: { shutdown: 0.5 } }],
      }),
      queries: [isQuiet(alert, wait + 5)],
    },
  ];
}

function ownFault(): readonly AlertScenario[] {
  const alert = 'WorkflowExporterFault';
  const { forSeconds, windowSeconds } = settings.ownFault;
  const [wait, window] = [forSeconds / 60, windowSeconds / 60];
  const proxy = { reason: 'proxy' };
  const certificate = { reason: 'client-certificate' };
  return [
    {
      name: `${alert}: fires while a proxy of ours lets nothing through, and recovers`,
      series: worldSeries({
        phases: [{ minutes: 30 }, { minutes: 20, runsPerMinute: 0.5, ownFaultsPerMinute: 0.5 }, { minutes: 40 }],
      }),
      queries: [
        isQuiet(alert, 29),
        fires(alert, 30 + wait + 4, proxy),
        isQuiet(alert, 30 + wait + 4, certificate),
        isQuiet(alert, 50 + window + 3),
      ],
      sent: [sent(alert, 30 + wait + 4, { portal: names.portal, ...proxy })],
    },
    {
      name: `${alert}: fires while certificate files cannot be used although runs go well, and recovers`,
      series: worldSeries({ phases: [{ minutes: 30 }, { minutes: 20, tlsFilesStale: true }, { minutes: 10 }] }),
      queries: [isQuiet(alert, 29), fires(alert, 30 + wait + 2, certificate), isQuiet(alert, 52)],
    },
    {
      name: `${alert}: stays quiet while the event loop is late, which has an alert of its own, and while runs miss`,
      series: worldSeries({
        phases: [{ minutes: 60, missRatio: 0.5, runsPerMinute: 0.5, taintedPerMinute: 0.5 }],
      }),
      queries: [isQuiet(alert, 30), isQuiet(alert, 59)],
    },
    {
      name: `${alert}: says nothing when the exporter is gone, which others tell`,
      series: worldSeries({
        phases: [
          { minutes: 30, ownFaultsPerMinute: 0.5 },
          { minutes: 40, target: 'down' },
        ],
      }),
      queries: [fires(alert, 29, proxy), isQuiet(alert, 65)],
    },
  ];
}

function states(pack: Pack): readonly AlertScenario[] {
  const state = (name: keyof typeof workflowStates, minute: number) =>
    holds(`${r.state.name} == ${workflowStates[name]}`, minute);
  const wait = pack.alerting.stalledForSeconds / 60;
  const off = 360;
  return [
    {
      name: 'state: no data before the first run, and met when the first ones are there',
      series: worldSeries({
        hasRun: false,
        phases: [{ minutes: 3, runsPerMinute: 0 }, { minutes: 40 }],
      }),
      queries: [state('noData', 2), state('met', 40)],
    },
    {
      name: 'state: not known until something was counted, however runs go',
      series: worldSeries({ hasRun: false, phases: [{ minutes: 20, missRatio: 0.1 }] }),
      queries: [1, 2, 5].map((minute) => state('notKnown', minute)),
    },
    {
      name: 'state: an exporter that was off for six hours: no data, then not known; what it measured stays as it was',
      series: worldSeries({ phases: [{ minutes: 120 }, { minutes: off, target: 'down' }, { minutes: 120 }] }),
      queries: [
        state('met', 119),
        holds(`abs(${r.measured.name} - 1) < 0.02`, 119),
        state('noData', 130),
        holds(`${r.measured.name} < 0.6`, 120 + off - 10),
        state('notKnown', 120 + off + 60),
        holds(`${r.attainment.name} == 1`, 120 + off + 100),
        holds(`${r.measured.name} > 0.3 and ${r.measured.name} < 0.42`, 120 + off + 100),
      ],
    },
    {
      name: 'state: half of the turns without a run are not known, however good the rest',
      series: worldSeries({
        phases: [{ minutes: 30 }, { minutes: 90, runsPerMinute: 0.5, droppedPerMinute: { shutdown: 0.5 } }],
      }),
      queries: [state('notKnown', 115), holds(`${r.attainment.name} == 1`, 115)],
    },
    {
      name: 'state: broken stays broken while nobody measures',
      series: worldSeries({
        phases: [{ minutes: 60 }, { minutes: 30, missRatio: 1 }, { minutes: 90, target: 'down' }],
      }),
      queries: [state('broken', 89), state('broken', 170)],
    },
    {
      name: 'state: no data when runs stop',
      series: worldSeries({ phases: [{ minutes: 30 }, { minutes: wait + 10, runsPerMinute: 0 }] }),
      queries: [state('met', 29), state('noData', 30 + wait + 5)],
    },
    {
      name: 'state: one miss is a risk, a burn breaks it, and an overspent budget keeps it broken',
      series: worldSeries({
        phases: [
          { minutes: 30 },
          { minutes: 1, missRatio: 1 },
          { minutes: 29 },
          { minutes: 30, missRatio: 1 },
          { minutes: 60 },
        ],
      }),
      queries: [state('atRisk', 45), state('broken', 85), state('broken', 140)],
    },
  ];
}
