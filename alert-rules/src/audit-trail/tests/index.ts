import { auditTableCodes, auditTrailStates, auditRecorded as r } from '../../../../pack/audit-trail/recorded.js';
import type { Pack } from '../../../../pack/index.js';
import { operatingTeam } from '../../policy.js';
import { draw } from '../../tests/draw.js';
import { promqlDuration } from '../../tests/duration.js';
import { type Life, lifeOf } from '../../tests/life.js';
import { type AlertScenario, fires, holds, isQuiet, sent, type TestFile } from '../../tests/scenario.js';
import {
  type AuditDifference,
  type AuditPhase,
  auditLabels,
  auditLines,
  besideSlow,
  clients,
  cutOff,
  isConfirmed,
  isUnknown,
  today,
} from './lines.js';
import { trailOwnershipTests } from './ownership.js';

type AuditLife = Life<keyof typeof auditLines.gauges, keyof typeof auditLines.counters, keyof typeof auditLines.clocks>;

const ofClients = { ...auditLabels, table: clients };
/** Roles are the security team's, so the trail's own is not joined. */
const ofRoles = { portal: auditLabels.portal, trail: auditLabels.trail };
/** Once in a minute, and then the rest of the hour in which it is news. */
const event = { healsWithin: 63, lasts: 3 } as const;
const once = (perMinute: AuditDifference['perMinute'], after: number): readonly AuditPhase[] => [
  { minutes: 30 },
  { minutes: 1, ...(perMinute === undefined ? {} : { perMinute }) },
  { minutes: after },
];

export function auditTrailTests(pack: Pack): readonly TestFile[] {
  const lives = (each: readonly AuditLife[]) => each.flatMap((life) => lifeOf(auditLines, life));
  const file = (name: string, about: string, scenarios: readonly AlertScenario[], evaluateEvery = 1): TestFile => ({
    path: `alert-rules/tests/audit-trail${name}.test.yaml`,
    about,
    evaluateEvery,
    rules: ['kop-audit-trail'],
    scenarios,
  });
  return [
    file('', 'Whether every change has its record.', [
      ...lives(completeness),
      ...growing(),
      ...states(),
      ...throughCutOff(),
    ]),
    file('-mechanism', 'What writes the records, and who could get around it.', [
      ...lives(mechanism),
      ...asItIsToday(),
    ]),
    file('-records', 'Audit records themselves, their seal, and whether anybody looks.', [
      ...lives([...records, ...seal, ...observing(pack)]),
    ]),
    trailOwnershipTests(),
    // As long as a sample can be seen, so that a query between two evaluations finds the one before.
    file('-slow', 'What is told against the day before.', [...lives([readers]), unreadable()], 5),
  ];
}

const completeness: readonly AuditLife[] = [
  {
    alert: 'AuditTrailBroken',
    when: 'a fault is confirmed',
    wrong: { set: { ok: 0, confirmed: 1 }, perMinute: { missing: 0 } },
    firesWithin: 1,
    labels: ofClients,
    quiet: [
      [
        'while a table is only suspect, explained or unknown',
        [
          { minutes: 20, set: { ok: 0, suspect: 1 } },
          { minutes: 20, set: { ok: 0, explained: 1 } },
          { minutes: 20, ...isUnknown },
        ],
      ],
    ],
  },
  {
    alert: 'AuditTablesUnproven',
    when: 'a table stays unknown',
    wrong: isUnknown,
    quietUntil: 58,
    firesWithin: 63,
    labels: auditLabels,
    value: '1',
    quiet: [
      [
        'while a suspicion is resolved in time, again and again',
        [
          { minutes: 20 },
          { minutes: 15, set: { ok: 0, suspect: 1 } },
          { minutes: 30 },
          { minutes: 15, set: { ok: 0, suspect: 1 } },
          { minutes: 30, set: { ok: 0, explained: 1 } },
        ],
      ],
      [
        'while the first sweep of a large trail takes its time',
        [{ minutes: 150, set: { ok: 0, unknown: 1, fullScanPeriod: 7_200 } }],
      ],
      ['while the database cannot be reached at all', [{ minutes: 10 }, { minutes: 120, ...cutOff }]],
    ],
  },
  {
    alert: 'AuditCountersDisagree',
    when: 'records were changed',
    wrong: { set: { mismatch: 3 } },
    quietUntil: 4,
    firesWithin: 7,
    labels: { ...auditLabels, invariant: 'records_mutated' },
    value: '3',
    quiet: [
      ['when backends report late', [{ minutes: 10 }, { minutes: 2, set: { mismatch: 5 } }, { minutes: 20 }]],
      [
        'when statements fail midway, again and again',
        [{ minutes: 10 }, { minutes: 60, set: { mismatchOfCalls: 40, unaccounted: 40 } }],
      ],
    ],
  },
  {
    alert: 'AuditChangesUnaccounted',
    when: 'changes are counted that nothing else shows',
    wrong: { set: { unaccounted: 100, unaccountedBelow: 60 } },
    quietUntil: 14,
    firesWithin: 17,
    labels: auditLabels,
    value: '100',
    quiet: [
      [
        'while a mismatch is looked into and then explained',
        [{ minutes: 10 }, { minutes: 10, set: { mismatchOfCalls: 5 } }, { minutes: 60 }],
      ],
      ['when a baseline follows at once', [{ minutes: 10, set: { unaccounted: 5 } }, { minutes: 60 }]],
    ],
  },
  {
    alert: 'AuditContinuityBreak',
    when: 'a record does not continue from the one before',
    wrong: { perMinute: { breaks: 1 } },
    firesWithin: 2,
    ...event,
    labels: ofClients,
    value: '3',
    quiet: [['while records come and nothing breaks', [{ minutes: 120, perMinute: { records: 1_000 } }]]],
  },
  {
    alert: 'AuditReplayMismatch',
    when: 'rows are not as their last record says',
    wrong: { set: { mismatches: 2 } },
    quietUntil: 4,
    firesWithin: 7,
    labels: ofClients,
    value: '2',
    quiet: [['before the first sweep', [{ minutes: 60, set: { mismatches: 'gone' } }]]],
  },
  {
    alert: 'AuditWitnessResidual',
    when: 'the write-ahead log counts more changes than the records',
    wrong: { set: { witness: 1 } },
    quietUntil: 4,
    firesWithin: 7,
    labels: ofClients,
    value: '1',
    quiet: [['without a witness', [{ minutes: 60, set: { witness: 'gone' } }]]],
  },
  {
    alert: 'AuditWitnessRetainsLog',
    when: 'nobody reads what the server keeps for the witness',
    wrong: { set: { retained: 2 ** 30 + 1 } },
    quietUntil: 9,
    firesWithin: 12,
    labels: auditLabels,
    value: '1Gi',
    quiet: [
      ['without a witness', [{ minutes: 60, set: { retained: 'gone', retainedLimit: 'gone' } }]],
      // As good as none: infinity cannot be written in a test of promtool.
      ['where nothing limits it, and it is read', [{ minutes: 60, set: { retainedLimit: 2 ** 62 } }]],
      ['for a while', [{ minutes: 5, set: { retained: 2 ** 31 } }, { minutes: 60 }]],
    ],
  },
  {
    alert: 'AuditWitnessRetainsLog',
    when: 'half of the limit is used',
    wrong: { set: { retained: 600_000_000, retainedLimit: 2 ** 30 } },
    quietUntil: 9,
    firesWithin: 12,
    labels: auditLabels,
    value: '572.2Mi',
    quiet: [['below half of it', [{ minutes: 60, set: { retained: 500_000_000, retainedLimit: 2 ** 30 } }]]],
  },
  {
    alert: 'AuditComparisonFindings',
    when: 'valuations become orphans',
    wrong: { set: { orphans: 4 } },
    lead: 370,
    firesWithin: 2,
    labels: { ...auditLabels, comparison: 'orphaned-valuations' },
    value: '4',
    quiet: [
      ['about what was there from the beginning', [{ minutes: 400, set: { orphans: 12 } }]],
      ['when something is odd but may be innocent', [{ minutes: 370 }, { minutes: 30, set: { oddities: 7 } }]],
    ],
  },
];

const mechanism: readonly AuditLife[] = [
  {
    alert: 'AuditTrailAbsent',
    when: 'the audit table and every trigger are gone',
    wrong: today,
    quietUntil: 8,
    firesWithin: 13,
    labels: auditLabels,
    value: '2',
    quiet: [
      [
        'while one table still is covered',
        [{ minutes: 60, set: { ...today.set, coverage: 0.75 }, clocks: today.clocks ?? {} }],
      ],
      [
        'while the database cannot be reached',
        [
          { minutes: 5, ...today },
          { minutes: 60, ...cutOff },
        ],
      ],
    ],
  },
  {
    alert: 'AuditCoverageLost',
    when: 'a trigger is disabled',
    wrong: { set: { coverage: 0.75, covered: 1 } },
    quietUntil: 1,
    firesWithin: 4,
    lasts: 200,
    labels: ofClients,
    value: '75%',
    quiet: [
      ['about a table that never was covered', [{ minutes: 60, set: { coverage: 0.5, covered: 1 } }]],
      [
        'when the table is dropped',
        [{ minutes: 30 }, { minutes: 30, set: { coverage: 'gone', covered: 1, inScope: 1 } }],
      ],
    ],
  },
  {
    alert: 'AuditCoverageIncomplete',
    when: 'a new table has no trigger',
    wrong: { set: { coverageOfNew: 0, inScope: 3 } },
    lead: 30,
    quietUntil: 13,
    firesWithin: 18,
    labels: auditLabels,
    value: '1',
    quiet: [['when a portal has no audit trail at all', [{ minutes: 90, ...today }]]],
  },
  {
    alert: 'AuditTriggerChanged',
    when: 'a trigger is disabled and enabled again between two looks',
    wrong: { perMinute: { fingerprints: 1 } },
    firesWithin: 2,
    ...event,
    labels: { ...auditLabels, object: 'trigger' },
    value: '3',
    quiet: [['when the exporter restarts', [{ minutes: 30 }, { minutes: 5, target: 'down' }, { minutes: 60 }]]],
  },
  {
    alert: 'AuditDatabaseReplaced',
    when: 'another timeline begins',
    wrong: { perMinute: { timelines: 1 } },
    firesWithin: 2,
    ...event,
    labels: { ...auditLabels, reason: 'timeline' },
    value: '3',
    quiet: [['when PostgreSQL is only restarted', once({ restarts: 1 }, 60)]],
  },
  {
    alert: 'AuditUnloggedRelation',
    when: 'a table is made UNLOGGED',
    wrong: { set: { unlogged: 1 } },
    quietUntil: 4,
    firesWithin: 7,
    labels: auditLabels,
    value: '1',
    quiet: [['while the database cannot be reached', [{ minutes: 10 }, { minutes: 30, ...cutOff }]]],
  },
  {
    alert: 'AuditBypassRolesIncreased',
    when: 'there is one more superuser',
    wrong: { set: { superusers: 2 } },
    lead: 90,
    firesWithin: 2,
    labels: { ...ofRoles, exposure: 'superuser' },
    value: '2',
    quiet: [
      ['about the superuser that every server has', [{ minutes: 120 }]],
      ['after an hour without the database', [{ minutes: 30 }, { minutes: 70, ...cutOff }, { minutes: 90 }]],
    ],
  },
  {
    alert: 'AuditBypassPossible',
    when: 'an ordinary role may change audit records',
    wrong: { set: { mutators: 1 } },
    quietUntil: 58,
    firesWithin: 63,
    labels: { ...ofRoles, exposure: 'mutate_records' },
    value: '1',
    quiet: [['about superusers and owners', [{ minutes: 120, set: { superusers: 3 } }]]],
  },
];

const readers: AuditLife = {
  alert: 'AuditReadersUnlogged',
  when: 'two more roles may read the records, and nothing says that they do',
  wrong: { set: { readersLogged: 0, readersUnlogged: 2 } },
  lead: 1_500,
  quietUntil: 58,
  firesWithin: 63,
  labels: ofRoles,
  value: '2',
  quiet: [
    ['about those that could from the beginning', [{ minutes: 1_700, set: { readersUnlogged: 2 } }]],
    ['about readers that are recorded', [{ minutes: 120, set: { readersLogged: 5 } }]],
    ['while the database cannot be reached', [{ minutes: 10 }, { minutes: 120, ...cutOff }]],
  ],
};

const records: readonly AuditLife[] = [
  {
    alert: 'AuditRecordsUnreadable',
    when: 'an image is no JSON',
    wrong: { set: { unreadable: 3 } },
    quietUntil: 4,
    firesWithin: 7,
    labels: { ...auditLabels, part: 'image' },
    value: '3',
    quiet: [['about one that was mended within minutes', [{ minutes: 3, set: { unreadable: 1 } }, { minutes: 30 }]]],
  },
  {
    alert: 'AuditAttributionMissing',
    when: 'a form forgets the reason',
    wrong: { perMinute: { withoutReason: 5 } },
    firesWithin: 15,
    healsWithin: 65,
    labels: { ...auditLabels, field: 'reason' },
    value: '17.78%',
    quiet: [
      ['at one record in two hundred', [{ minutes: 120, perMinute: { records: 200, withoutReason: 1 } }]],
      ['in a quiet night, when one of few lacks it', once({ withoutReason: 1, records: 2 }, 60)],
    ],
  },
  {
    alert: 'AuditActorUnclear',
    when: 'a record names somebody who is not listed',
    wrong: { perMinute: { unresolved: 1 } },
    firesWithin: 2,
    ...event,
    labels: { ...auditLabels, kind: 'unresolved' },
    value: '3',
    quiet: [
      ['when the exporter restarts', [{ minutes: 30 }, { minutes: 5, target: 'down' }, { minutes: 60 }]],
      ['about people, however much they do', [{ minutes: 60, perMinute: { byHumans: 100 } }]],
    ],
  },
  {
    alert: 'AuditActorUnclear',
    when: 'a record names an account that several people use',
    wrong: { perMinute: { shared: 1 } },
    firesWithin: 2,
    ...event,
    labels: { ...auditLabels, kind: 'shared' },
    value: '3',
    quiet: [],
  },
  {
    alert: 'AuditTimeViolation',
    when: 'a record is dated back',
    wrong: { perMinute: { backdated: 1 } },
    firesWithin: 2,
    ...event,
    labels: { ...auditLabels, kind: 'backdated' },
    value: '3',
    quiet: [['when the exporter restarts', [{ minutes: 30 }, { minutes: 5, target: 'down' }, { minutes: 60 }]]],
  },
  {
    alert: 'AuditClockOffset',
    when: "the database's clock was set back, also beside a trail that allows more",
    wrong: { set: { clockOffset: -240, slowSkewLimit: 900 } },
    quietUntil: 4,
    firesWithin: 7,
    labels: auditLabels,
    value: promqlDuration(4),
    quiet: [
      ['while clocks differ by as much as is allowed', [{ minutes: 60, set: { clockOffset: 4.5 } }]],
      ['about a single slow answer', [{ minutes: 20 }, { minutes: 3, set: { clockOffset: 9 } }, { minutes: 20 }]],
      ['where more is allowed', [{ minutes: 60, set: { clockOffset: 30, clockSkewLimit: 60 } }]],
      ['while the database cannot be reached', [{ minutes: 10 }, { minutes: 60, ...cutOff }]],
    ],
  },
  {
    alert: 'AuditIdentityBreak',
    when: 'an id is there twice',
    wrong: { perMinute: { duplicates: 1 } },
    firesWithin: 2,
    ...event,
    labels: { ...auditLabels, kind: 'duplicate' },
    value: '3',
    quiet: [['while ids have gaps and nothing else', [{ minutes: 90 }]]],
  },
  {
    alert: 'AuditWriteLag',
    when: 'a queue of records is stuck',
    wrong: { perMinute: { within1: 0, within60: 0 } },
    firesWithin: 20,
    lasts: 30,
    healsWithin: 25,
    labels: auditLabels,
    value: '4m 57s',
    quiet: [
      [
        'when nothing was written',
        [{ minutes: 60, perMinute: { within1: 0, within60: 0, within300: 0, withinAny: 0 } }],
      ],
    ],
  },
  {
    alert: 'AuditWatermarkLag',
    when: 'a transaction stays open',
    wrong: { set: { watermarkLag: 2_400 } },
    quietUntil: 4,
    firesWithin: 7,
    labels: auditLabels,
    value: promqlDuration(40),
    quiet: [['during a long report', [{ minutes: 10 }, { minutes: 20, set: { watermarkLag: 1_200 } }]]],
  },
  {
    alert: 'AuditRetentionBroken',
    when: 'records were disposed of early',
    wrong: { set: { disposedEarly: 1 } },
    quietUntil: 4,
    firesWithin: 7,
    labels: { ...auditLabels, kind: 'disposed_early' },
    value: '1',
    quiet: [['of a young system', [{ minutes: 30 }]]],
  },
];

const seal: readonly AuditLife[] = [
  {
    alert: 'AuditVerificationFailed',
    when: 'a sealed record was rewritten, for as long as nobody has looked',
    wrong: { perMinute: { failures: 1 } },
    firesWithin: 1,
    lasts: 200,
    // It does not end by itself: the exporter has to begin anew, and to find nothing.
    mending: [{ minutes: 2, target: 'down' }],
    healsWithin: 5,
    labels: { ...auditLabels, kind: 'chunk' },
    value: '2',
    quiet: [['while everything verifies', [{ minutes: 120 }]]],
  },
  {
    alert: 'AuditVerificationOverdue',
    when: 'the sweep does not keep up',
    wrong: { set: { verified: 0.8 } },
    quietUntil: 58,
    firesWithin: 63,
    labels: auditLabels,
    value: '80%',
    quiet: [['without a seal', [{ minutes: 90, set: { verified: 'gone' } }]]],
  },
  {
    alert: 'AuditCheckpointStale',
    when: 'the sealer stops',
    wrong: { clocks: { checkpoint: 'stopped', anchor: 'stopped' }, set: besideSlow },
    quietUntil: 9,
    firesWithin: 13,
    labels: auditLabels,
    value: promqlDuration(14),
    quiet: [
      ['in a quiet night, when empty intervals are sealed', [{ minutes: 90, perMinute: { records: 0 } }]],
      ['without a seal', [{ minutes: 90, clocks: { checkpoint: 'gone', anchor: 'gone' } }]],
    ],
  },
  {
    alert: 'AuditSealLag',
    when: 'records wait for a checkpoint',
    wrong: { set: { sealLag: 1_200 } },
    firesWithin: 3,
    labels: auditLabels,
    value: promqlDuration(20),
    quiet: [
      [
        'when no checkpoint is made at all, which is told already',
        [
          { minutes: 30 },
          { minutes: 10, clocks: { checkpoint: 'stopped' } },
          { minutes: 40, clocks: { checkpoint: 'stopped' }, set: { sealLag: 1_800 } },
        ],
      ],
    ],
  },
  {
    alert: 'AuditAnchorStale',
    when: 'an anchor cannot be reached',
    wrong: { clocks: { anchor: 'stopped' } },
    quietUntil: 58,
    firesWithin: 68,
    labels: { ...auditLabels, anchor: 'second-disk' },
    value: promqlDuration(69),
    quiet: [
      [
        'when there is nothing new to bring',
        [{ minutes: 30 }, { minutes: 120, clocks: { anchor: 'stopped', checkpoint: 'stopped' } }],
      ],
    ],
  },
];

function observing(pack: Pack): readonly AuditLife[] {
  const noData = pack.alerting.noDataForSeconds / 60;
  return [
    {
      alert: 'AuditTrailNoData',
      when: 'the exporter dies',
      wrong: { target: 'down' },
      quietUntil: noData - 2,
      firesWithin: noData + 2,
      lasts: 120,
      labels: auditLabels,
      value: promqlDuration(noData + 3),
      quiet: [['when a trail is removed on purpose', [{ minutes: 30 }, { minutes: 90, removed: true }]]],
    },
    {
      alert: 'AuditStateOrphaned',
      when: 'a trail with a fault is taken out of the description',
      wrong: { set: { orphaned: 2 } },
      quietUntil: 4,
      firesWithin: 7,
      labels: { state: 'kingston-before', team: operatingTeam(pack) },
      value: '2',
      quiet: [
        ['during a reload in two steps', [{ minutes: 10 }, { minutes: 3, set: { orphaned: 2 } }, { minutes: 30 }]],
      ],
    },
    {
      alert: 'AuditCheckStale',
      when: 'the observer stops looking, also beside a trail that is looked at once a day',
      wrong: { clocks: { tripwires: 'stopped' }, set: besideSlow },
      quietUntil: 13,
      firesWithin: 17,
      labels: { ...auditLabels, check: 'tripwires' },
      value: promqlDuration(18),
      quiet: [
        ['while the database cannot be reached, which is told already', [{ minutes: 30 }, { minutes: 120, ...cutOff }]],
        ['about records that are not there', [{ minutes: 120, ...today }]],
        ['while one check takes its time', [{ minutes: 30 }, { minutes: 25, clocks: { retention: 'stopped' } }]],
        ['about a witness that nobody asked for', [{ minutes: 60, clocks: { witness: 'never' } }]],
        ['about a trail that is looked at once a day', [{ minutes: 240, set: besideSlow }]],
      ],
    },
    {
      alert: 'AuditEvidenceUnknown',
      when: 'the database cannot be reached, once and not for each source',
      wrong: cutOff,
      quietUntil: 13,
      firesWithin: 17,
      labels: { ...auditLabels, source: 'connection' },
      quiet: [
        ['about a witness that nobody asked for', [{ minutes: 60, set: { noWitness: 1 } }]],
        ['when the connection is back soon', [{ minutes: 30 }, { minutes: 10, ...cutOff }, { minutes: 30 }]],
      ],
    },
    {
      alert: 'AuditEvidenceDegraded',
      when: 'moments of commit are not kept',
      wrong: { set: { lesserTimes: 1 } },
      quietUntil: 58,
      firesWithin: 63,
      labels: { ...auditLabels, source: 'commit_timestamps' },
      quiet: [['when there is no audit trail to prove', [{ minutes: 120, ...today }]]],
    },
  ];
}

/** Nobody may change them, so that they stay; that they do is no news, and does not hide those that come. */
function unreadable(): AlertScenario {
  const alert = 'AuditRecordsUnreadable';
  return {
    name: `${alert}: stays quiet about those that have been known for a day, and fires for one more`,
    series: draw(auditLines, [
      { minutes: 1_600, set: { unreadable: 2 } },
      { minutes: 60, set: { unreadable: 3 } },
    ]),
    queries: [fires(alert, 20), isQuiet(alert, 1_500), isQuiet(alert, 1_599), fires(alert, 1_610)],
    sent: [sent(alert, 1_610, { ...auditLabels, part: 'image' }, '3')],
  };
}

/** The first fault is told as such; those that follow while it is investigated are told apart. */
function growing(): readonly AlertScenario[] {
  const alert = 'AuditFaultsGrowing';
  const phases: readonly AuditPhase[] = [
    { minutes: 30 },
    { minutes: 2, ...isConfirmed, perMinute: { missing: 1 } },
    { minutes: 98, ...isConfirmed },
    { minutes: 1, ...isConfirmed, perMinute: { missing: 1 } },
    { minutes: 80, ...isConfirmed },
  ];
  return [
    {
      name: `${alert}: fires for the second fault of a table, and recovers`,
      series: draw(auditLines, phases),
      queries: [
        isQuiet(alert, 29),
        isQuiet(alert, 60),
        isQuiet(alert, 95),
        isQuiet(alert, 129),
        fires(alert, 133),
        isQuiet(alert, 195),
      ],
      sent: [sent(alert, 133, ofClients, '1')],
    },
    {
      name: `${alert}: stays quiet about the first, which has an alert of its own`,
      series: draw(auditLines, [
        { minutes: 30 },
        { minutes: 3, ...isConfirmed, perMinute: { missing: 2 } },
        { minutes: 60, ...isConfirmed },
      ]),
      queries: [31, 35, 60, 90].map((minute) => isQuiet(alert, minute)),
    },
  ];
}

/** That nobody can poll does not correct what was found, and what comes meanwhile is news as soon as somebody can. */
function throughCutOff(): readonly AlertScenario[] {
  const held: readonly (readonly [string, AuditDifference['set']])[] = [
    ['AuditCoverageLost', { coverage: 0.75, covered: 1 }],
    ['AuditReplayMismatch', { mismatches: 2 }],
    ['AuditRetentionBroken', { disposedEarly: 1 }],
    ['AuditRecordsUnreadable', { unreadable: 3 }],
    ['AuditClockOffset', { clockOffset: 60 }],
  ];
  return [
    ...held.map(([alert, set = {}]) => ({
      name: `${alert}: fires on while the database cannot be reached, and recovers`,
      series: draw(auditLines, [
        { minutes: 30 },
        { minutes: 20, set },
        { minutes: 120, ...cutOff },
        { minutes: 10, set },
        { minutes: 20 },
      ]),
      queries: [
        isQuiet(alert, 29),
        ...[45, 52, 100, 169, 175].map((minute) => fires(alert, minute)),
        isQuiet(alert, 185),
      ],
    })),
    ...held.map(([alert, set = {}]) => ({
      name: `${alert}: fires for what came while the database could not be reached`,
      series: draw(auditLines, [{ minutes: 30 }, { minutes: 180, ...cutOff }, { minutes: 30, set }, { minutes: 20 }]),
      queries: [29, 100, 209].map((minute) => isQuiet(alert, minute)).concat(fires(alert, 220), isQuiet(alert, 245)),
    })),
    {
      name: 'AuditWitnessRetainsLog: fires on while nobody can look, by either connection',
      series: draw(auditLines, [
        { minutes: 30 },
        { minutes: 20, set: { retained: 2 ** 31 } },
        { minutes: 60, ...cutOff },
        { minutes: 60, set: { retained: 'gone', retainedLimit: 'gone', noWitness: 1 } },
        { minutes: 20 },
      ]),
      queries: [
        isQuiet('AuditWitnessRetainsLog', 29),
        ...[45, 80, 109, 140, 169].map((minute) => fires('AuditWitnessRetainsLog', minute)),
        isQuiet('AuditWitnessRetainsLog', 175),
      ],
    },
    {
      name: 'AuditComparisonFindings: fires for what came while the database could not be reached, however long',
      series: draw(auditLines, [{ minutes: 30 }, { minutes: 400, ...cutOff }, { minutes: 60, set: { orphans: 4 } }]),
      queries: [isQuiet('AuditComparisonFindings', 429), fires('AuditComparisonFindings', 440)],
    },
    {
      name: 'state: stays broken when the database cannot be reached, until nobody has looked for long',
      series: draw(auditLines, [
        { minutes: 20 },
        { minutes: 20, set: { disposedEarly: 1 } },
        { minutes: 60, ...cutOff },
        { minutes: 20 },
      ]),
      queries: [
        holds(`${r.state.name} == ${auditTrailStates.broken}`, 39),
        holds(`${r.state.name} == ${auditTrailStates.broken}`, 46),
        holds(`${r.state.name} == ${auditTrailStates.noData}`, 60),
        holds(`${r.state.name} == ${auditTrailStates.proven}`, 119),
      ],
    },
  ];
}

function asItIsToday(): readonly AlertScenario[] {
  const all = 'count(ALERTS{alertstate="firing"})';
  const one = [{ labels: '{}', value: 1 }];
  return [
    {
      name: 'Kingston as it is today, without triggers and records, raises one alert and no more',
      series: draw(auditLines, [{ minutes: 200, ...today }]),
      queries: [20, 90, 199].flatMap((minute) => [
        fires('AuditTrailAbsent', minute),
        { expr: all, minute, samples: one },
        holds(`${r.state.name} == ${auditTrailStates.absent}`, minute),
      ]),
      sent: [sent('AuditTrailAbsent', 20, auditLabels, '2')],
    },
    {
      name: 'a healthy trail raises none',
      series: draw(auditLines, [{ minutes: 300 }]),
      queries: [20, 90, 299].map((minute) => ({ expr: all, minute, samples: [] })),
    },
  ];
}

function states(): readonly AlertScenario[] {
  const trailIs = (state: keyof typeof auditTrailStates, minute: number) =>
    holds(`${r.state.name} == ${auditTrailStates[state]}`, minute);
  const tableIs = (state: keyof typeof auditTableCodes, minute: number) =>
    holds(`${r.tableState.name}{table="${clients}"} == ${auditTableCodes[state]}`, minute);
  return [
    {
      name: 'state: proven, at risk, broken, unproven, and proven again',
      series: draw(auditLines, [
        { minutes: 20 },
        { minutes: 20, set: { ok: 0, suspect: 1 } },
        { minutes: 20, ...isConfirmed },
        { minutes: 20, ...isUnknown },
        { minutes: 20 },
      ]),
      queries: [
        ...[tableIs('ok', 19), tableIs('suspect', 39), tableIs('confirmed', 59), tableIs('unknown', 79)],
        ...[trailIs('proven', 19), trailIs('atRisk', 39), trailIs('broken', 59), trailIs('unproven', 79)],
        trailIs('proven', 99),
      ],
    },
    {
      name: 'state: no data when the exporter dies, and when it answers but does not look',
      series: draw(auditLines, [
        { minutes: 20 },
        { minutes: 20, target: 'down' },
        { minutes: 20 },
        { minutes: 20, clocks: { tripwires: 'stopped' }, set: besideSlow },
      ]),
      queries: [
        ...[trailIs('proven', 19), trailIs('noData', 39), trailIs('proven', 59), trailIs('noData', 79)],
        ...[tableIs('ok', 19), tableIs('noData', 39), tableIs('ok', 59), tableIs('noData', 79)],
      ],
    },
    {
      name: 'state: a table that is dropped is forgotten',
      series: draw(auditLines, [
        { minutes: 20 },
        {
          minutes: 20,
          set: { coverageOfOther: 'gone', okOfOther: 'gone', confirmedOfOther: 'gone', unknownOfOther: 'gone' },
        },
      ]),
      queries: [holds(`count(${r.tableState.name}) == 2`, 19), holds(`count(${r.tableState.name}) == 1`, 39)],
    },
  ];
}
