import type { BurnWindow, Pack } from '../../../../pack/index.js';
import { workflowRecorded as r } from '../../../../pack/workflow/recorded.js';
import { settings } from '../../settings.js';
import { type AlertScenario, fires, holds, isEmpty, isQuiet, sent, type TestFile } from '../../tests/scenario.js';
import { names, workflowRuleFiles, worldSeries } from './world.js';

const alert = 'WorkflowSlaBurn';
const budget = 0.01;
const runsPerMinute = 1;
/** Long windows see a run only after its slice is recorded and read. */
const sliceLag = (2 * settings.sliceSeconds) / 60;
const lead = 30;

export function burnTests(pack: Pack): readonly TestFile[] {
  const able = pack.alerting.burn.filter((burn) => burn.factor * budget < 1);
  const isShort = (burn: BurnWindow) => burn.longSeconds <= settings.rawWindowSeconds;
  return [
    {
      path: 'alert-rules/tests/workflow-sla-burn.test.yaml',
      about: 'Burn-rate alerts with short windows, and the recordings that all of them rest on.',
      evaluateEvery: 1,
      rules: workflowRuleFiles,
      scenarios: [
        ...able.filter(isShort).flatMap((burn) => lifeOf(pack, burn)),
        ...oneFailedRun(),
        ...totalOutage(pack),
        ...recordings(),
      ],
    },
    {
      path: 'alert-rules/tests/workflow-sla-burn-long.test.yaml',
      about: 'Burn-rate alerts with long windows.',
      evaluateEvery: 5,
      rules: workflowRuleFiles,
      scenarios: able.filter((burn) => !isShort(burn)).flatMap((burn) => lifeOf(pack, burn)),
    },
  ];
}

/** Half as fast again as the alert's pace, until both windows and the minimum of missed runs are passed. */
function lifeOf(pack: Pack, burn: BurnWindow): readonly AlertScenario[] {
  const pace = burn.factor * budget;
  const rate = Math.min(1, 1.5 * pace);
  const untilMinimum = pack.alerting.minimumMissedRuns / (rate * runsPerMinute);
  // The good half hour before dilutes the long window: at 1.5 times the pace that is made up for in twice its length.
  const bad = upToFive(Math.max(untilMinimum, 2 * lead) + 2 * sliceLag);
  const healed = upToFive(burn.shortSeconds / 60 + 2 * sliceLag);
  const label = { window: burn.name };
  return [
    {
      name: `${alert} ${burn.name}: fires at 1.5 times its pace, and recovers`,
      series: worldSeries({
        phases: [{ minutes: lead }, { minutes: bad, missRatio: rate }, { minutes: healed + 5 }],
      }),
      queries: [
        isQuiet(alert, lead - 5, label),
        fires(alert, lead + bad - 5, label),
        isQuiet(alert, lead + bad + healed, label),
      ],
    },
    {
      name: `${alert} ${burn.name}: stays quiet at 0.6 times its pace`,
      series: worldSeries({ phases: [{ minutes: lead }, { minutes: bad, missRatio: 0.6 * pace }] }),
      queries: [isQuiet(alert, lead + bad - 5, label)],
    },
  ];
}

function oneFailedRun(): readonly AlertScenario[] {
  const after = [1, 2, 5, 30, 60];
  return [
    {
      name: `${alert}: stays quiet after a single failed run, however strict the objective`,
      series: worldSeries({
        phases: [
          { minutes: 60, objective: 0.9995 },
          { minutes: 1, missRatio: 1, objective: 0.9995 },
          { minutes: 61, objective: 0.9995 },
        ],
      }),
      queries: after.map((minutes) => isQuiet(alert, 60 + minutes)),
    },
  ];
}

function totalOutage(pack: Pack): readonly AlertScenario[] {
  const fast = pack.alerting.burn.toSorted((a, b) => a.longSeconds - b.longSeconds)[0];
  if (fast === undefined || fast.longSeconds > settings.rawWindowSeconds) return [];
  const longMinutes = fast.longSeconds / 60;
  const needed = Math.ceil(Math.max(pack.alerting.minimumMissedRuns, fast.factor * budget * longMinutes)) + 2;
  const label = { window: fast.name };
  const healed = fast.shortSeconds / 60 + 3;
  const ratio = (minutes: number) => `${Number(((100 * minutes) / longMinutes).toPrecision(4))}%`;
  return [
    {
      name: `${alert} ${fast.name}: a total outage fires within ${needed} minutes, and recovers soon after`,
      series: worldSeries({
        phases: [{ minutes: longMinutes * 2 }, { minutes: needed + 10, missRatio: 1 }, { minutes: healed + 5 }],
      }),
      queries: [
        isQuiet(alert, longMinutes * 2 + 1, label),
        fires(alert, longMinutes * 2 + needed, label),
        isQuiet(alert, longMinutes * 2 + needed + 10 + healed, label),
      ],
    },
    {
      name: `${alert} ${fast.name}: says what it is about`,
      series: worldSeries({ phases: [{ minutes: longMinutes + 30, missRatio: 0.5 }] }),
      queries: [],
      sent: [
        sent(alert, longMinutes + 20, names, ratio(longMinutes / 2), label),
        ...pack.alerting.burn
          .filter((other) => other !== fast && 0.5 > other.factor * budget)
          .map((other) => sent(alert, longMinutes + 20, names, ratio(longMinutes / 2), { window: other.name })),
      ],
    },
    {
      name: `${alert}: a looser objective takes effect without new rules`,
      series: worldSeries({
        phases: [
          { minutes: 60, missRatio: 0.3 },
          { minutes: 10, missRatio: 0.3, objective: 0.5 },
        ],
      }),
      queries: [fires(alert, 59, label), isQuiet(alert, 65)],
    },
  ];
}

function recordings(): readonly AlertScenario[] {
  const anyNaN = (name: string) => `${name} != ${name}`;
  return [
    {
      name: 'recordings: an idle hour keeps the budget and makes no NaN',
      series: worldSeries({ phases: [{ minutes: 60 }, { minutes: 75, runsPerMinute: 0 }, { minutes: 20 }] }),
      queries: [
        isEmpty(r.errorRatio('5m').name, 120),
        isEmpty(r.errorRatio('1h').name, 130),
        ...[59, 130, 150].map((minute) => holds(`${r.budgetRemaining.name} == 1`, minute)),
        ...[130, 150].flatMap((minute) => [
          isEmpty(anyNaN(r.errorRatio('1h').name), minute),
          isEmpty(anyNaN(r.budgetRemaining.name), minute),
          isEmpty(anyNaN(r.attainment.name), minute),
        ]),
      ],
    },
    {
      name: 'recordings: a workflow that never missed, without a series for misses, has its whole budget',
      series: worldSeries({ missedFromStart: false, phases: [{ minutes: 60 }] }),
      queries: [holds(`${r.errorRatio('1h').name} == 0`, 50), holds(`${r.budgetRemaining.name} == 1`, 50)],
    },
    {
      name: 'recordings: the first miss of a new-born counter is counted',
      series: worldSeries({ phases: [{ minutes: 2 }, { minutes: 1, missRatio: 1 }, { minutes: 30 }] }),
      queries: [holds(`${r.missed('1h').name} > 0.9 < 1.5`, 20), holds(`${r.missed('1d').name} > 0.5 < 1.5`, 20)],
    },
    {
      name: 'recordings: long windows count every run once',
      series: worldSeries({ phases: [{ minutes: 500, missRatio: 0.5 }] }),
      queries: [
        holds(`${r.runs('6h').name} > 350 < 370`, 490),
        holds(`${r.missed('6h').name} > 175 < 185`, 490),
        holds(`${r.periodRuns.name} > 475 < 500`, 490),
        holds(`${r.attainment.name} == 0.5`, 490),
      ],
    },
    {
      name: 'recordings: two exporters that run the same workflow are added up',
      series: [
        ...worldSeries({ phases: [{ minutes: 70 }] }),
        ...worldSeries({ instance: 'probe-2:9464', phases: [{ minutes: 70, missRatio: 1 }] }),
      ],
      queries: [holds(`${r.errorRatio('1h').name} == 0.5`, 65), fires(alert, 65, { window: 'fast' })],
    },
  ];
}

function upToFive(minutes: number): number {
  return Math.ceil(minutes / 5) * 5;
}
