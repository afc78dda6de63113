import { longestProbePauseSeconds } from '../../../../pack/encryption/metrics.js';
import { columnStates, providerStates, encryptionRecorded as r } from '../../../../pack/encryption/recorded.js';
import type { Pack } from '../../../../pack/index.js';
import { draw } from '../../tests/draw.js';
import { promqlDuration } from '../../tests/duration.js';
import { type Life, lifeOf } from '../../tests/life.js';
import { type AlertScenario, fires, holds, isQuiet, sent, type TestFile } from '../../tests/scenario.js';
import { encryptionBurnTests } from './burn.js';
import {
  allSlow,
  type EncryptionPhase,
  encryptionLines,
  isBarred,
  isDown,
  ofColumn,
  ofKey,
  ofOurs,
  ofRecord,
  providerLabels,
  rowsUnder,
} from './lines.js';
import { encryptionOwnershipTests } from './ownership.js';

type EncryptionLife = Life<
  keyof typeof encryptionLines.gauges,
  keyof typeof encryptionLines.counters,
  keyof typeof encryptionLines.clocks
>;

const day = 86_400;
/** Once, and then the rest of the hour in which it is news. */
const event = { healsWithin: 63, lasts: 3 } as const;

export function encryptionTests(pack: Pack): readonly TestFile[] {
  return [
    {
      path: 'alert-rules/tests/encryption.test.yaml',
      about: 'Providers of field encryption, what is stored, and keys.',
      evaluateEvery: 1,
      rules: ['kop-encryption'],
      scenarios: [
        ...[...providers(pack), ...stored].flatMap((life) => lifeOf(encryptionLines, life)),
        ...selfTestStale(),
        ...downWithGaps(),
        ...ownFaultOfRareRounds(),
        ...states(),
        ...healthy(),
      ],
    },
    {
      path: 'alert-rules/tests/encryption-slow.test.yaml',
      about: 'What is told only after a day.',
      evaluateEvery: 10,
      rules: ['kop-encryption'],
      scenarios: [...slow.flatMap((life) => lifeOf(encryptionLines, life)), stalledWhileWritten()],
    },
    ...encryptionBurnTests(pack),
    encryptionOwnershipTests(),
  ];
}

function providers(pack: Pack): readonly EncryptionLife[] {
  const noData = pack.alerting.noDataForSeconds / 60;
  return [
    {
      alert: 'EncryptionProviderDown',
      when: 'the key service is unavailable',
      wrong: isDown,
      quietUntil: 1,
      firesWithin: 4,
      labels: providerLabels,
      quiet: [
        ['when the key service restarts', [{ minutes: 30 }, { minutes: 1, ...isDown }, { minutes: 30 }]],
        ['while a fault of ours is in the way', [{ minutes: 30 }, { minutes: 60, ...isBarred }]],
      ],
    },
    {
      alert: 'EncryptionSelfTestFailed',
      when: 'a ciphertext is accepted for another row',
      wrong: { set: { wrongAad: 0 } },
      firesWithin: 1,
      healsWithin: 7,
      labels: { ...providerLabels, test: 'wrong_aad' },
      quiet: [
        ['when the tests cannot be made because the provider is down', [{ minutes: 30 }, { minutes: 60, ...isDown }]],
      ],
    },
    {
      alert: 'EncryptionIntegrityErrors',
      when: 'canaries come back as something else',
      wrong: { perMinute: { integrity: 1 } },
      firesWithin: 2,
      ...event,
      labels: providerLabels,
      value: '3',
      quiet: [['when operations only time out', [{ minutes: 30 }, { minutes: 60, ...isDown }]]],
    },
    {
      alert: 'EncryptionProbeStale',
      when: 'rounds of the probe stop',
      wrong: { clocks: { probe: 'stopped' }, perMinute: { met: 0 } },
      quietUntil: 9,
      firesWithin: 13,
      labels: providerLabels,
      value: promqlDuration(14),
      quiet: [
        ['while rounds end, even if all fail', [{ minutes: 30 }, { minutes: 60, ...isDown }]],
        ['while a provider that is down is asked less often', [{ minutes: 30 }, ...pausedRounds(6)]],
        [
          'while rounds are meant to be an hour apart',
          [{ minutes: 30 }, { minutes: 180, clocks: { probe: 'stopped' }, set: { probeInterval: 3_600 } }],
        ],
      ],
    },
    {
      alert: 'EncryptionSelfTestStale',
      when: 'a test that was made before can no longer be made',
      wrong: { set: { wrongAad: 'gone' }, clocks: { wrongAadMade: 'stopped' } },
      quietUntil: 118,
      firesWithin: 123,
      labels: { ...providerLabels, test: 'wrong_aad' },
      value: promqlDuration(124),
      quiet: [
        ['while the provider is down', [{ minutes: 30 }, { minutes: 180, ...isDown }]],
        ['while a fault of ours is in the way', [{ minutes: 30 }, { minutes: 180, ...isBarred }]],
        ['about a test that never could be made', [{ minutes: 180, ...neverTested }]],
        [
          'while it is not probed at all',
          [{ minutes: 30 }, { minutes: 180, clocks: { ...isDown.clocks, probe: 'stopped' }, perMinute: { met: 0 } }],
        ],
        ['while the exporter is down', [{ minutes: 30 }, { minutes: 180, target: 'down' }]],
        ['when a provider is removed on purpose', [{ minutes: 30 }, { minutes: 180, removed: true }]],
      ],
    },
    {
      alert: 'EncryptionNoData',
      when: 'the exporter dies',
      wrong: { target: 'down' },
      quietUntil: noData - 2,
      firesWithin: noData + 2,
      lasts: 120,
      labels: providerLabels,
      value: promqlDuration(noData + 3),
      quiet: [['when a provider is removed on purpose', [{ minutes: 30 }, { minutes: 90, removed: true }]]],
    },
    {
      alert: 'EncryptionCredentialExpiring',
      when: 'a token is no longer renewed',
      wrong: { set: { credentialEnds: 2 * day } },
      firesWithin: 2,
      labels: providerLabels,
      value: '1d 23h 28m 0s',
      quiet: [
        ['while more than a week is left', [{ minutes: 60, set: { credentialEnds: 8 * day } }]],
        [
          'while a short one is renewed in time',
          [{ minutes: 60, set: { credentialEnds: 7_200, credentialLifetime: 14_400 } }],
        ],
        ['where it has no end', [{ minutes: 60, set: { credentialEnds: 'gone', credentialLifetime: 'gone' } }]],
      ],
    },
    {
      alert: 'EncryptionCanariesLost',
      when: 'the record of aged canaries is damaged, for longer than a day',
      wrong: { set: { canariesLost: 1 } },
      firesWithin: 1,
      lasts: 1_500,
      healsWithin: 2,
      labels: providerLabels,
      quiet: [['where nothing can be kept', [{ minutes: 60, set: { canariesLost: 'gone' } }]]],
    },
    {
      alert: 'EncryptionExporterFault',
      when: 'a proxy of ours lets nothing through',
      wrong: isBarred,
      quietUntil: 3,
      firesWithin: 10,
      healsWithin: 20,
      labels: { ...ofOurs, reason: 'proxy' },
      quiet: [
        ['while the provider is down', [{ minutes: 30 }, { minutes: 60, ...isDown }]],
        [
          'while the machine is busy, which has an alert of its own',
          [{ minutes: 60, set: { latenessFault: 1 }, perMinute: { latenesses: 20 } }],
        ],
      ],
    },
    {
      alert: 'EncryptionMeasurementTainted',
      when: 'of half of the operations nobody can tell, for long',
      wrong: { perMinute: { met: 40, undecided: 40 } },
      quietUntil: 60,
      firesWithin: 125,
      healsWithin: 60,
      labels: providerLabels,
      value: '50%',
      quiet: [['at one such operation in ten', [{ minutes: 180, perMinute: { met: 72, undecided: 8 } }]]],
    },
  ];
}

const stored: readonly EncryptionLife[] = [
  {
    alert: 'EncryptionPlaintext',
    when: 'one row is not encrypted',
    wrong: { set: { plaintext: 1 } },
    firesWithin: 3,
    labels: ofColumn,
    value: '1',
    quiet: [['while a scan is under way and none was found', [{ minutes: 60, set: { encrypted: 5_001 } }]]],
  },
  {
    alert: 'EncryptionCiphertextUnreadable',
    when: 'a key version is not known',
    wrong: { set: { unknownVersion: 3 } },
    firesWithin: 3,
    labels: { ...ofColumn, state: 'unknown_version' },
    value: '3',
    quiet: [['about plaintext, which has an alert of its own', [{ minutes: 60, set: { plaintext: 2 } }]]],
  },
  {
    alert: 'EncryptionCiphertextUnreadable',
    when: 'the key service refuses to decrypt an old version',
    wrong: { set: { revokedVersion: 7 } },
    firesWithin: 3,
    labels: { ...ofColumn, state: 'revoked_version' },
    value: '7',
    quiet: [['while all versions are decrypted', [{ minutes: 60, set: { encrypted: 6_000 } }]]],
  },
  {
    alert: 'EncryptionCiphertextUnreadable',
    when: 'values were encoded twice',
    wrong: { set: { wrapped: 7 } },
    firesWithin: 3,
    labels: { ...ofColumn, state: 'wrapped' },
    value: '7',
    quiet: [],
  },
  {
    alert: 'EncryptionCiphertextRepeated',
    when: 'equal values have equal ciphertexts, until a whole scan finds none',
    wrong: { set: { copies: 12 } },
    firesWithin: 3,
    labels: ofColumn,
    value: '12',
    quiet: [
      ['where the column is declared deterministic', [{ minutes: 60, set: { copies: 12, repeatsExpected: 1 } }]],
      ['while the column cannot be read, which is told', [{ minutes: 60, set: { copies: 'gone', scanUp: 0 } }]],
    ],
  },
  {
    alert: 'EncryptionNonceReuse',
    when: 'two rows share a nonce, until a whole scan finds none',
    wrong: { set: { nonces: 2 } },
    firesWithin: 1,
    lasts: 200,
    labels: ofColumn,
    value: '2',
    quiet: [['while nonces are fresh', [{ minutes: 120 }]]],
  },
  {
    alert: 'EncryptionKeyUnknown',
    when: 'the table of rotations cannot be read',
    wrong: { set: { keySource: 0, rotated: 'gone', due: 'gone', invocations: 'gone' } },
    quietUntil: 13,
    firesWithin: 17,
    labels: ofKey,
    quiet: [['after one failure', [{ minutes: 30 }, { minutes: 5, set: { keySource: 0 } }, { minutes: 30 }]]],
  },
  {
    alert: 'EncryptionRotationOverdue',
    when: 'a key is older than its policy allows',
    wrong: { set: { due: 600 } },
    firesWithin: 2,
    labels: ofKey,
    value: promqlDuration(22),
    quiet: [['until it is due', [{ minutes: 60, set: { due: 7_200 } }]]],
  },
  {
    alert: 'EncryptionRotationSoon',
    when: 'less than a tenth of its time is left',
    wrong: { set: { due: day } },
    firesWithin: 2,
    labels: ofKey,
    value: '23h 28m 0s',
    quiet: [
      ['while there is time', [{ minutes: 60, set: { due: 30 * day } }]],
      ['once it is overdue, which has an alert of its own', [{ minutes: 60, set: { due: 0 } }]],
    ],
  },
  {
    alert: 'EncryptionKeyInvocations',
    when: 'more than half of what a key version may do is done',
    wrong: { set: { invocations: 0.6 } },
    firesWithin: 1,
    labels: ofKey,
    value: '60%',
    quiet: [['at a tenth of it', [{ minutes: 60, set: { invocations: 0.1 } }]]],
  },
  {
    alert: 'EncryptionScanFailing',
    when: 'a column cannot be read',
    wrong: { set: { scanUp: 0 } },
    quietUntil: 13,
    firesWithin: 17,
    labels: ofColumn,
    quiet: [['after one failure', [{ minutes: 30 }, { minutes: 5, set: { scanUp: 0 } }, { minutes: 30 }]]],
  },
  {
    alert: 'EncryptionPortalFailures',
    when: 'the portal cannot open two rows that were swapped',
    wrong: { set: { ownFailures: 2 } },
    firesWithin: 3,
    labels: { ...ofRecord, operation: 'decrypt' },
    value: '2',
    quiet: [
      ['while accesses are refused', [{ minutes: 60, set: { refusedAccesses: 5 } }]],
      ['where the portal records no success', [{ minutes: 60, set: { ownFailures: 'gone', refusedAccesses: 'gone' } }]],
    ],
  },
  {
    alert: 'EncryptionPortalTimingsUnreadable',
    when: "the portal's own timings cannot be read",
    wrong: { set: { timings: 0 } },
    quietUntil: 58,
    firesWithin: 63,
    labels: ofRecord,
    quiet: [['where the portal keeps none', [{ minutes: 90, set: { timings: 'gone' } }]]],
  },
];

const slow: readonly EncryptionLife[] = [
  {
    alert: 'EncryptionReencryptionStalled',
    when: 'the rotation job stands still for a day',
    wrong: rowsUnder(2_000, 3_000),
    lead: 60,
    quietUntil: 1_440,
    firesWithin: 1_530,
    healsWithin: 30,
    labels: ofColumn,
    value: '40%',
    quiet: [
      [
        'after a rotation, while it goes on',
        [
          { minutes: 1_500 },
          { minutes: 700, ...rowsUnder(500, 4_500) },
          { minutes: 700, ...rowsUnder(1_500, 3_500) },
          { minutes: 700, ...rowsUnder(3_000, 2_000) },
        ],
      ],
      [
        'while a slow job goes on in a table that is written',
        halfDays(12, (index) => rowsUnder(2_000 + 400 * index, 3_000 - 40 * index)),
      ],
      [
        'for a day after another rotation',
        [
          ...halfDays(3, (index) => rowsUnder(2_000 + 600 * index, 3_000 - 600 * index)),
          { minutes: 1_400, ...rowsUnder(5, 4_995) },
        ],
      ],
      [
        'while the column is not scanned',
        [
          { minutes: 60, ...rowsUnder(2_000, 3_000) },
          { minutes: 3_000, ...rowsUnder(2_000, 3_000), clocks: { scan: 'stopped' } },
        ],
      ],
    ],
  },
  {
    alert: 'EncryptionScanStale',
    when: 'no scan has ended for more than a day',
    wrong: { clocks: { scan: 'stopped' } },
    lead: 60,
    quietUntil: 1_430,
    firesWithin: 1_460,
    healsWithin: 20,
    labels: ofColumn,
    value: '1d 0h 21m 0s',
    quiet: [
      [
        'while the column cannot be read, which is told already',
        [{ minutes: 60 }, { minutes: 1_600, clocks: { scan: 'stopped' }, set: { scanUp: 0 } }],
      ],
    ],
  },
];

function halfDays(count: number, found: (index: number) => ReturnType<typeof rowsUnder>): EncryptionPhase[] {
  return Array.from({ length: count }, (_, index) => ({ minutes: 720, ...found(index) }));
}

/** Each half day 400 new rows come, and a user writes one of the old ones; then the job goes on. */
function stalledWhileWritten(): AlertScenario {
  const alert = 'EncryptionReencryptionStalled';
  return {
    name: `${alert}: fires when the job stands still in a table that is written, and recovers when it goes on`,
    series: draw(encryptionLines, [
      { minutes: 60 },
      ...halfDays(4, (index) => rowsUnder(2_000 + 400 * index, 3_000 - index)),
      { minutes: 120, ...rowsUnder(3_800, 2_900) },
    ]),
    queries: [
      isQuiet(alert, 59),
      isQuiet(alert, 1_490),
      fires(alert, 1_580),
      fires(alert, 2_900),
      isQuiet(alert, 2_960),
    ],
    sent: [sent(alert, 2_900, ofColumn, '51.64%')],
  };
}

/** As the exporter does: the longest pause, and then a round. */
function pausedRounds(count: number): EncryptionPhase[] {
  const pause = { ...isDown, minutes: longestProbePauseSeconds / 60, perMinute: { met: 0 } } as const;
  return Array.from({ length: count }, () => [
    { ...pause, clocks: { ...isDown.clocks, probe: 'stopped' } } as const,
    { ...isDown, minutes: 1 },
  ]).flat();
}

/** Rounds that are half an hour apart, each with a fault: what the last one said holds until the next. */
function ownFaultOfRareRounds(): readonly AlertScenario[] {
  const alert = 'EncryptionExporterFault';
  const rare = { set: { probeInterval: 1_800, ownFault: 1 } } as const;
  const rounds = Array.from({ length: 5 }, () => [
    { minutes: 1, ...rare, perMinute: { ownFaults: 4, met: 0 } },
    { minutes: 29, ...rare, perMinute: { met: 0 } },
  ]).flat();
  return [
    {
      name: `${alert}: does not come and go with rounds that are half an hour apart`,
      series: draw(encryptionLines, [{ minutes: 30, set: { probeInterval: 1_800 } }, ...rounds, { minutes: 30 }]),
      queries: [
        ...[40, 55, 61, 85, 115, 145, 175].map((minute) => fires(alert, minute, { reason: 'proxy' })),
        isQuiet(alert, 196),
      ],
      sent: [sent(alert, 85, { ...ofOurs, reason: 'proxy' })],
    },
  ];
}

/** Down, and now and then nothing is shown: a thread that is restarted, or a scrape that fails. */
function downWithGaps(): readonly AlertScenario[] {
  const alert = 'EncryptionProviderDown';
  const gap = { ...isDown, set: { ...isDown.set, up: 'gone' } } as const;
  const gaps = Array.from({ length: 20 }, () => [
    { minutes: 2, ...isDown },
    { minutes: 1, ...gap },
  ]).flat();
  return [
    {
      name: `${alert}: fires and goes on while a provider that is down is not seen now and then, and recovers`,
      series: draw(encryptionLines, [{ minutes: 30 }, ...gaps, { minutes: 20 }]),
      queries: [
        isQuiet(alert, 30),
        ...Array.from({ length: 7 }, (_unused, index) => fires(alert, 83 + index)),
        holds(`${r.state.name} == ${providerStates.broken}`, 86),
        isQuiet(alert, 92),
      ],
      sent: [sent(alert, 86, providerLabels)],
    },
    {
      name: `${alert}: does not go on for long where nothing more is heard`,
      series: draw(encryptionLines, [{ minutes: 30 }, { minutes: 10, ...isDown }, { minutes: 20, ...gap }]),
      queries: [fires(alert, 43), isQuiet(alert, 46)],
    },
  ];
}

function selfTestStale(): readonly AlertScenario[] {
  const alert = 'EncryptionSelfTestStale';
  return [
    {
      name: `${alert}: fires when an exporter that began again can no longer make a test, and says which`,
      series: draw(encryptionLines, [
        { minutes: 30 },
        { minutes: 2, target: 'down' },
        { minutes: 140, ...neverTested },
        { minutes: 10 },
      ]),
      queries: [isQuiet(alert, 120), fires(alert, 160), isQuiet(alert, 178)],
      sent: [sent(alert, 160, { ...providerLabels, test: 'wrong_aad' }, promqlDuration(131))],
    },
    {
      name: `${alert}: fires when a provider that answers was never tested at all`,
      series: draw(encryptionLines, [
        {
          minutes: 140,
          set: { ...neverTested.set, roundTrip: 'gone' },
          clocks: { ...neverTested.clocks, roundTripMade: 'never' },
        },
        { minutes: 10 },
      ]),
      queries: [isQuiet(alert, 118), fires(alert, 130), isQuiet(alert, 148)],
    },
  ];
}

/** As where the exporter has no right to it: no result, and no time of one. */
const neverTested = { set: { wrongAad: 'gone' }, clocks: { wrongAadMade: 'gone' } } as const;

function healthy(): readonly AlertScenario[] {
  return [
    {
      name: 'healthy encryption raises no alert',
      series: draw(encryptionLines, [{ minutes: 300 }]),
      queries: [20, 90, 299].map((minute) => ({ expr: 'count(ALERTS{alertstate="firing"})', minute, samples: [] })),
    },
  ];
}

function states(): readonly AlertScenario[] {
  const providerIs = (state: keyof typeof providerStates, minute: number) =>
    holds(`${r.state.name} == ${providerStates[state]}`, minute);
  const columnIs = (state: keyof typeof columnStates, minute: number) =>
    holds(`${r.columnState.name} == ${columnStates[state]}`, minute);
  return [
    {
      name: 'state: met, broken while down or slow, no data when the exporter dies, stops probing or cannot ask',
      series: draw(encryptionLines, [
        { minutes: 60 },
        { minutes: 20, ...isDown },
        { minutes: 90 },
        { minutes: 30, ...allSlow },
        { minutes: 20, target: 'down' },
        { minutes: 150 },
        { minutes: 20, clocks: { probe: 'stopped' } },
        { minutes: 30 },
        { minutes: 10, ...isBarred },
      ]),
      queries: [
        ...[providerIs('met', 59), providerIs('broken', 65), providerIs('met', 165), providerIs('broken', 199)],
        ...[providerIs('noData', 210), providerIs('met', 360), providerIs('noData', 385), providerIs('noData', 425)],
      ],
    },
    {
      name: 'state: broken, and not unknown, while a provider that is down is asked less often',
      series: draw(encryptionLines, [{ minutes: 30 }, ...pausedRounds(6)]),
      queries: [35, 41, 48, 64].map((minute) => providerIs('broken', minute)),
    },
    {
      name: 'state: at risk while more is missed than promised, before any alert says so',
      series: draw(encryptionLines, [{ minutes: 30 }, { minutes: 20, perMinute: { met: 77, missed: 3 } }]),
      queries: [
        providerIs('met', 29),
        providerIs('atRisk', 49),
        isQuiet('EncryptionLatencyBurn', 49, { window: 'fast' }),
      ],
    },
    {
      name: 'state: a column is encrypted, exposed, unreadable in part, and encrypted again',
      series: draw(encryptionLines, [
        { minutes: 20 },
        { minutes: 20, set: { plaintext: 1, malformed: 1 } },
        { minutes: 20, set: { malformed: 1 } },
        { minutes: 20 },
      ]),
      queries: [columnIs('encrypted', 19), columnIs('exposed', 39), columnIs('partly', 59), columnIs('encrypted', 79)],
    },
    {
      name: 'state: a column that was never scanned is not encrypted as far as anybody knows',
      series: draw(encryptionLines, [{ minutes: 30, clocks: { scan: 'never' } }]),
      queries: [columnIs('notScanned', 29)],
    },
  ];
}
