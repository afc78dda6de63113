import { controlStates, complianceRecorded as r } from '../../../../pack/compliance/recorded.js';
import type { Pack } from '../../../../pack/index.js';
import { draw } from '../../tests/draw.js';
import { promqlDuration } from '../../tests/duration.js';
import { type Life, lifeOf } from '../../tests/life.js';
import { type AlertScenario, fires, holds, isQuiet, sent, type TestFile } from '../../tests/scenario.js';
import {
  type CompliancePhase,
  complianceLines,
  critical,
  ofBoard,
  ofChange,
  ofCritical,
  ofDatabase,
  ofHigh,
  ofLow,
  ofObligation,
  ofUnchecked,
} from './lines.js';
import { complianceOwnershipTests } from './ownership.js';

type ComplianceLife = Life<keyof typeof complianceLines.gauges, string, keyof typeof complianceLines.clocks>;

const day = 86_400;
const portal = { portal: 'kingston' } as const;

export function complianceTests(pack: Pack): readonly TestFile[] {
  return [
    {
      path: 'alert-rules/tests/compliance.test.yaml',
      about: 'States of controls, waivers, obligations, changes, and the evidence behind them.',
      evaluateEvery: 1,
      rules: ['kop-compliance'],
      scenarios: [
        ...[...ofControls, ...ofRegisters, ...ofEvaluation(pack)].flatMap((life) => lifeOf(complianceLines, life)),
        ...severities(),
        ...exporterAway(),
        overdueAsLastKnown(),
        ...states(),
        healthy(),
      ],
    },
    complianceOwnershipTests(),
  ];
}

const ofControls: readonly ComplianceLife[] = [
  {
    alert: 'ComplianceControlFailing',
    when: 'a critical control fails',
    wrong: critical('Fails'),
    firesWithin: 2,
    labels: ofCritical,
    rule: { priority: 'critical' },
    quiet: [
      ['while a waiver covers it', [{ minutes: 60, ...critical('Waived') }]],
      ['before its date', [{ minutes: 60, ...critical('Coming') }]],
      ['while it is unknown, which is no failure', [{ minutes: 50, ...critical('Unknown') }]],
      [
        'when a failing control is taken out of the catalogue',
        [
          { minutes: 1, ...critical('Fails') },
          { minutes: 60, set: { criticalFine: 'gone', criticalFails: 'gone', criticalInfo: 'gone' } },
        ],
      ],
    ],
  },
  {
    alert: 'ComplianceControlsUnknown',
    when: 'a source is gone for more than an hour',
    wrong: { set: { criticalFine: 0, criticalUnknown: 1, lowFine: 0, lowUnknown: 1 } },
    quietUntil: 58,
    firesWithin: 63,
    labels: ofBoard,
    value: '2',
    quiet: [
      ['when a source restarts', [{ minutes: 30 }, { minutes: 20, ...critical('Unknown') }, { minutes: 30 }]],
      ['while a control fails', [{ minutes: 90, ...critical('Fails') }]],
      [
        'while its register cannot be read, which is told of the register',
        [{ minutes: 90, set: { criticalFine: 0, criticalUnknown: 1, readable: 0 } }],
      ],
      [
        'while the deadline of one of its cases is uncertain, which is told of the register',
        [{ minutes: 90, set: { criticalFine: 0, criticalUnknown: 1, uncertain: 1 } }],
      ],
    ],
  },
  {
    alert: 'ComplianceControlAtRisk',
    when: 'a value is near its limit',
    wrong: critical('AtRisk'),
    quietUntil: 14,
    firesWithin: 17,
    labels: ofCritical,
    quiet: [['while it fails, which is told already', [{ minutes: 60, ...critical('Fails') }]]],
  },
];

const ofRegisters: readonly ComplianceLife[] = [
  {
    alert: 'ComplianceWaiverExpiring',
    when: 'a waiver ends within a week',
    wrong: { set: { waiverEnds: 2 * day } },
    firesWithin: 1,
    labels: { ...ofBoard, control: 'SEC-03' },
    value: '1d 23h 29m 0s',
    rule: { priority: 'medium' },
    quiet: [
      ['when a later waiver was approved', [{ minutes: 60, set: { waiverEnds: 2 * day, laterWaiver: 300 * day } }]],
      ['once it has ended, which is told otherwise', [{ minutes: 2 }, { minutes: 60, set: { waiverEnds: 0 } }]],
    ],
  },
  {
    alert: 'ComplianceWaiverExpiring',
    when: 'a waiver ends within a month',
    wrong: { set: { waiverEnds: 20 * day } },
    firesWithin: 1,
    labels: { ...ofBoard, control: 'SEC-03' },
    value: '19d 23h 29m 0s',
    rule: { priority: 'low' },
    quiet: [],
  },
  {
    alert: 'ComplianceWaiverExpired',
    when: 'a waiver has ended',
    wrong: { set: { waiverEnds: 600 } },
    firesWithin: 1,
    labels: { ...ofBoard, control: 'SEC-03' },
    value: '21m 0s',
    quiet: [['when another one holds', [{ minutes: 60, set: { waiverEnds: 0, laterWaiver: 300 * day } }]]],
  },
  {
    alert: 'ComplianceObligationOverdue',
    when: 'a case that no control checks is overdue',
    wrong: { set: { uncheckedOverdue: 2 } },
    firesWithin: 1,
    labels: ofUnchecked,
    value: '2',
    quiet: [['where a control checks it, which fails', [{ minutes: 60, set: { overdue: 1 } }]]],
  },
  {
    alert: 'ComplianceObligationDue',
    when: 'a case is due within a day',
    wrong: { set: { due: 1 } },
    firesWithin: 1,
    labels: ofObligation,
    value: '1',
    quiet: [['once it is overdue', [{ minutes: 60, set: { overdue: 1 } }]]],
  },
  {
    alert: 'ComplianceRegisterUnreadable',
    when: 'the register cannot be read',
    wrong: { set: { readable: 0, due: 'gone', overdue: 'gone', uncertain: 'gone' } },
    quietUntil: 58,
    firesWithin: 63,
    labels: ofObligation,
    quiet: [
      [
        'while the control that asks for it does not apply',
        [{ minutes: 90, set: { readable: 0, ...critical('Coming').set } }],
      ],
      ['when it is locked for a while', [{ minutes: 30 }, { minutes: 20, set: { readable: 0 } }, { minutes: 30 }]],
    ],
  },
  {
    alert: 'ComplianceRegisterUnreadable',
    when: 'the deadline of a case is uncertain',
    wrong: { set: { uncertain: 1 } },
    quietUntil: 58,
    firesWithin: 63,
    labels: ofObligation,
    quiet: [],
  },
  {
    alert: 'ComplianceChangeNotAssessed',
    when: 'a published change was not assessed',
    wrong: { set: { changeNew: 100 * day } },
    firesWithin: 1,
    labels: ofChange,
    quiet: [['once somebody works at it', [{ minutes: 60, set: { changeOpen: 100 * day } }]]],
  },
  {
    alert: 'ComplianceChangeNotReady',
    when: 'a change takes effect within a month',
    wrong: { set: { changeReady: 'gone', changeOpen: 20 * day } },
    firesWithin: 1,
    labels: ofChange,
    value: '19d 23h 29m 0s',
    quiet: [
      ['while there is time', [{ minutes: 60, set: { changeReady: 'gone', changeOpen: 40 * day } }]],
      ['where its day is not known', [{ minutes: 60, set: { changeReady: 'gone', changeOpen: 0 } }]],
    ],
  },
  {
    alert: 'ComplianceChangeControlNotMet',
    when: 'a control would not be met on the day of its change',
    wrong: { set: { comingReady: 0 } },
    quietUntil: 58,
    firesWithin: 62,
    labels: ofChange,
    value: '1',
    quiet: [
      ['while there is time', [{ minutes: 90, set: { changeReady: 40 * day, comingReady: 0 } }]],
      [
        'where the change is not marked as ready, which is told already',
        [{ minutes: 90, set: { changeReady: 'gone', changeOpen: 10 * day, comingReady: 0 } }],
      ],
      ['after its day, when the controls tell', [{ minutes: 90, set: { changeReady: 60, ...critical('Fails').set } }]],
      ['while its control is at risk, which is met', [{ minutes: 90, ...critical('AtRisk') }]],
    ],
  },
  {
    alert: 'ComplianceChangeControlNotMet',
    when: 'controls of a change fail or are unknown before its day',
    wrong: { set: { comingReady: 0, ...critical('Unknown').set } },
    quietUntil: 58,
    firesWithin: 62,
    labels: ofChange,
    value: '2',
    quiet: [],
  },
];

function ofEvaluation(pack: Pack): readonly ComplianceLife[] {
  const noData = pack.alerting.noDataForSeconds / 60;
  return [
    {
      alert: 'CompliancePrometheusDown',
      when: 'the Prometheus of the checks does not answer',
      wrong: { set: { prometheusUp: 0 } },
      quietUntil: 14,
      firesWithin: 17,
      labels: portal,
      quiet: [
        ['when it restarts', [{ minutes: 30 }, { minutes: 10, set: { prometheusUp: 0 } }, { minutes: 30 }]],
        ['where no check asks one', [{ minutes: 60, set: { prometheusUp: 'gone' } }]],
      ],
    },
    {
      alert: 'ComplianceDatabaseDown',
      when: 'a database of the checks cannot be reached',
      wrong: { set: { databaseUp: 0 } },
      quietUntil: 14,
      firesWithin: 17,
      labels: ofDatabase,
      quiet: [
        ['when it fails over', [{ minutes: 30 }, { minutes: 10, set: { databaseUp: 0 } }, { minutes: 30 }]],
        ['where its address is not set', [{ minutes: 60, set: { databaseUp: 'gone' } }]],
      ],
    },
    {
      alert: 'ComplianceEvidenceNotKept',
      when: 'the store is full',
      wrong: { set: { kept: 0 } },
      quietUntil: 4,
      firesWithin: 7,
      labels: portal,
      quiet: [['when the database restarts', [{ minutes: 30 }, { minutes: 3, set: { kept: 0 } }, { minutes: 30 }]]],
    },
    {
      alert: 'ComplianceEvidenceNotSealed',
      when: 'no checkpoint comes any more',
      wrong: { clocks: { sealed: 'stopped' } },
      quietUntil: 58,
      firesWithin: 68,
      labels: portal,
      value: promqlDuration(69),
      quiet: [
        ['where nothing is to be sealed', [{ minutes: 120, set: { sealConfigured: 0 }, clocks: { sealed: 'gone' } }]],
      ],
    },
    {
      alert: 'ComplianceEvidenceNotSealed',
      when: 'no checkpoint ever came',
      lead: 1,
      wrong: { clocks: { sealed: 'gone' } },
      quietUntil: 58,
      firesWithin: 68,
      labels: portal,
      value: promqlDuration(69),
      quiet: [],
    },
    {
      alert: 'ComplianceNotEvaluated',
      when: 'evaluations stop',
      wrong: { clocks: { evaluated: 'stopped' } },
      quietUntil: 14,
      firesWithin: 22,
      labels: portal,
      value: '1',
      quiet: [
        ['while the exporter is down, which is told otherwise', [{ minutes: 30 }, { minutes: 60, target: 'down' }]],
      ],
    },
    {
      alert: 'ComplianceEvaluatorWrong',
      when: 'a known answer is wrong',
      wrong: { set: { accuracy: 0.99 } },
      firesWithin: 1,
      labels: portal,
      value: '99%',
      quiet: [['before the first examination', [{ minutes: 60, set: { accuracy: 'gone' } }]]],
    },
    {
      alert: 'ComplianceEvaluatorNotExamined',
      when: 'examinations stop',
      wrong: { clocks: { examined: 'stopped' } },
      quietUntil: 58,
      firesWithin: 68,
      labels: portal,
      value: promqlDuration(69),
      quiet: [['after a start', [{ minutes: 30, clocks: { examined: 'never' } }]]],
    },
    {
      alert: 'ComplianceNoData',
      when: 'the exporter dies',
      wrong: { target: 'down' },
      quietUntil: noData - 2,
      firesWithin: noData + 2,
      lasts: 120,
      labels: { ...ofBoard, board: 'kingston' },
      value: promqlDuration(noData + 3),
      quiet: [['when a board is removed on purpose', [{ minutes: 30 }, { minutes: 90, removed: true }]]],
    },
  ];
}

/** Only a critical control wakes somebody. */
function severities(): readonly AlertScenario[] {
  const alert = 'ComplianceControlFailing';
  return [
    {
      name: `${alert}: fires at the priority of the control`,
      series: draw(complianceLines, [
        { minutes: 20, set: { highFine: 0, highFails: 1, lowFine: 0, lowFails: 1 } },
        { minutes: 20 },
      ]),
      queries: [
        isQuiet(alert, 15, { priority: 'critical' }),
        fires(alert, 15, { priority: 'medium' }),
        fires(alert, 15, { priority: 'low' }),
        isQuiet(alert, 30),
      ],
      sent: [sent(alert, 15, ofHigh, '', { priority: 'medium' }), sent(alert, 15, ofLow, '', { priority: 'low' })],
    },
  ];
}

/** A proven failure is not "resolved" because nobody looks, and nothing else looks fine. */
function exporterAway(): readonly AlertScenario[] {
  const alert = 'ComplianceControlFailing';
  const is = (state: keyof typeof controlStates, control: string, minute: number) =>
    holds(`${r.controlState.name}{control="${control}"} == ${controlStates[state]}`, minute);
  return [
    {
      name: `${alert}: goes on while the exporter is down, for hours, and recovers when it is back`,
      series: draw(complianceLines, [
        { minutes: 30, ...critical('Fails') },
        { minutes: 180, target: 'down' },
        { minutes: 10 },
      ]),
      queries: [
        ...[29, 60, 120, 205].map((minute) => fires(alert, minute, { priority: 'critical' })),
        ...[60, 205].flatMap((minute) => [is('nonCompliant', 'AUD-02', minute), is('unknown', 'SEC-03', minute)]),
        isQuiet(alert, 215),
        is('compliant', 'AUD-02', 215),
      ],
      sent: [sent(alert, 120, ofCritical, '', { priority: 'critical' })],
    },
  ];
}

/** Neither a register that cannot be read nor an exporter that is down has answered a case. */
function overdueAsLastKnown(): AlertScenario {
  const alert = 'ComplianceObligationOverdue';
  const isOverdue = { uncheckedOverdue: 2 } as const;
  return {
    name: `${alert}: goes on while nobody can look, and ends with the case or the obligation`,
    series: draw(complianceLines, [
      { minutes: 10, set: isOverdue },
      { minutes: 20, set: { uncheckedOverdue: 'gone' } },
      { minutes: 10, set: isOverdue },
      { minutes: 20, target: 'down' },
      { minutes: 10 },
      { minutes: 10, set: isOverdue },
      { minutes: 20, set: { uncheckedOverdue: 'gone', unchecked: 'gone' } },
    ]),
    queries: [
      ...[8, 15, 28, 35, 45, 58].map((minute) => fires(alert, minute)),
      isQuiet(alert, 65),
      fires(alert, 75),
      isQuiet(alert, 85),
    ],
  };
}

function states(): readonly AlertScenario[] {
  const phases: readonly (readonly [keyof typeof controlStates, CompliancePhase])[] = [
    ['compliant', { minutes: 10 }],
    ['nonCompliant', { minutes: 10, ...critical('Fails') }],
    ['unknown', { minutes: 10, ...critical('Unknown') }],
    ['atRisk', { minutes: 10, ...critical('AtRisk') }],
    ['waived', { minutes: 10, ...critical('Waived') }],
    ['notApplicable', { minutes: 10, ...critical('Coming') }],
  ];
  return [
    {
      name: 'state: each status has its code, and exactly one',
      series: draw(
        complianceLines,
        phases.map(([, phase]) => phase),
      ),
      queries: phases.flatMap(([state], index) => [
        holds(`${r.controlState.name}{control="AUD-02"} == ${controlStates[state]}`, index * 10 + 5),
        holds(`${r.controlState.name}{control="AUD-02"}`, index * 10 + 5),
      ]),
    },
  ];
}

function healthy(): AlertScenario {
  return {
    name: 'a board whose controls are compliant raises no alert',
    series: draw(complianceLines, [{ minutes: 300 }]),
    queries: [20, 90, 299].map((minute) => ({ expr: 'count(ALERTS{alertstate="firing"})', minute, samples: [] })),
  };
}
