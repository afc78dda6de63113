import { encryptionRecorded as r } from '../../../../pack/encryption/recorded.js';
import type { BurnWindow, Pack } from '../../../../pack/index.js';
import { settings } from '../../settings.js';
import { draw } from '../../tests/draw.js';
import { type AlertScenario, fires, holds, isEmpty, isQuiet, sent, type TestFile } from '../../tests/scenario.js';
import { allSlow, encryptionLines, providerLabels } from './lines.js';

const alert = 'EncryptionLatencyBurn';
const budget = 0.01;
const perMinute = 80;
const lead = 30;
/** Long windows see an operation only after its slice is recorded and read. */
const sliceLag = (2 * settings.sliceSeconds) / 60;

export function encryptionBurnTests(pack: Pack): readonly TestFile[] {
  const able = pack.alerting.burn.filter((burn) => burn.factor * budget < 1);
  const isShort = (burn: BurnWindow) => burn.longSeconds <= settings.rawWindowSeconds;
  const file = (name: string, about: string, evaluateEvery: number, scenarios: readonly AlertScenario[]): TestFile => ({
    path: `alert-rules/tests/encryption-burn${name}.test.yaml`,
    about,
    evaluateEvery,
    rules: ['kop-encryption'],
    scenarios,
  });
  return [
    file('', 'Burn-rate alerts of encryption with short windows.', 1, [
      ...able.filter(isShort).flatMap((burn) => lives(pack, burn)),
      ...hardened(pack),
      ...rare(),
    ]),
    file(
      '-long',
      'Burn-rate alerts of encryption with long windows.',
      5,
      able.filter((burn) => !isShort(burn)).flatMap((burn) => lives(pack, burn)),
    ),
  ];
}

function at(rate: number) {
  return { perMinute: { met: perMinute * (1 - rate), missed: perMinute * rate } };
}

/** Half as fast again as the alert's pace, until both windows are passed. */
function lives(_pack: Pack, burn: BurnWindow): readonly AlertScenario[] {
  const pace = burn.factor * budget;
  const bad = upToFive(2 * lead + 2 * sliceLag);
  const healed = upToFive(burn.shortSeconds / 60 + 2 * sliceLag);
  const label = { window: burn.name };
  return [
    {
      name: `${alert} ${burn.name}: fires at 1.5 times its pace, and recovers`,
      series: draw(encryptionLines, [
        { minutes: lead },
        { minutes: bad, ...at(Math.min(1, 1.5 * pace)) },
        { minutes: healed + 5 },
      ]),
      queries: [
        isQuiet(alert, lead - 5, label),
        fires(alert, lead + bad - 5, label),
        isQuiet(alert, lead + bad + healed, label),
      ],
    },
    {
      name: `${alert} ${burn.name}: stays quiet at 0.6 times its pace`,
      series: draw(encryptionLines, [{ minutes: lead }, { minutes: bad, ...at(0.6 * pace) }]),
      queries: [isQuiet(alert, lead + bad - 5, label)],
    },
  ];
}

/** A hardened `s2k-count` takes 230 ms for each operation: all succeed, and none is in time. */
function hardened(pack: Pack): readonly AlertScenario[] {
  const fast = pack.alerting.burn.toSorted((a, b) => a.longSeconds - b.longSeconds)[0];
  if (fast === undefined || fast.factor * budget >= 1) return [];
  const minute = 60;
  return [
    {
      name: `${alert}: a hardened s2k-count is a miss of every operation, told with its provider`,
      series: draw(encryptionLines, [{ minutes: 70, ...allSlow }]),
      queries: [fires(alert, minute, { window: fast.name, provider: providerLabels.provider })],
      sent: pack.alerting.burn
        .filter((burn) => burn.factor * budget < 1)
        .map((burn) => sent(alert, minute, providerLabels, '100%', { window: burn.name })),
    },
    {
      name: `${alert}: round trips do not count a second time`,
      series: draw(encryptionLines, [{ minutes: 70, perMinute: { roundTripsMissed: 80 } }]),
      queries: [isQuiet(alert, minute), holds(`${r.errorRatio('1h').name} == 0`, minute)],
    },
  ];
}

function rare(): readonly AlertScenario[] {
  return [
    {
      name: `${alert}: stays quiet after two slow operations of few`,
      series: draw(encryptionLines, [
        { minutes: 60, perMinute: { met: 0.2 } },
        { minutes: 1, perMinute: { met: 0, missed: 2 } },
        { minutes: 60, perMinute: { met: 0.2 } },
      ]),
      queries: [61, 65, 90].map((minute) => isQuiet(alert, minute)),
    },
    {
      name: 'recordings of encryption: an idle hour makes no ratio, and no NaN',
      series: draw(encryptionLines, [{ minutes: 30 }, { minutes: 90, perMinute: { met: 0 } }, { minutes: 20 }]),
      queries: [
        isEmpty(r.errorRatio('1h').name, 110),
        isEmpty(`${r.errorRatio('1h').name} != ${r.errorRatio('1h').name}`, 135),
        holds(`${r.errorRatio('1h').name} == 0`, 135),
      ],
    },
  ];
}

function upToFive(minutes: number): number {
  return Math.ceil(minutes / 5) * 5;
}
