import { encryptionRecorded as r, windowOf } from '../../../pack/metrics/index.js';
import type { BurnWindow, Pack } from '../../../pack/model.js';
import { atLeast, plain, promql } from '../promql.js';
import type { AlertRule } from '../rule.js';
import { providerAlert } from './owner.js';

/** The same family as for workflows: one name, told apart by `window`. */
export function burnAlerts(pack: Pack): readonly AlertRule[] {
  return pack.alerting.burn.map((burn) => burnAlert(pack, burn));
}

function burnAlert(pack: Pack, burn: BurnWindow): AlertRule {
  const short = windowOf(burn.shortSeconds);
  const long = windowOf(burn.longSeconds);
  const factor = plain(burn.factor);
  return providerAlert(pack, {
    name: 'EncryptionLatencyBurn',
    priority: burn.priority,
    labels: { window: burn.name },
    // The long window comes first because its ratio is the alert's value; the short one makes the alert end soon
    // after the trouble does.
    expr: promql`
      ${r.errorRatio(long).name} > ${factor} * ${r.errorBudget.name}
      and
      ${r.errorRatio(short).name} > ${factor} * ${r.errorBudget.name}
      and
      ${r.missed(long).name} ${atLeast(pack.alerting.minimumMissedRuns)}
    `,
    summary: 'Encrypting or decrypting a field takes longer than promised, or fails, too often.',
    description:
      `{{ $value | humanizePercentage }} of the encryptions and decryptions by {{ $labels.provider }} on {{ $labels.portal }} failed or ` +
      `missed the SLA in the last ${long}. It goes on: over the last ${long} as over the last ${short}, the error budget is ` +
      `used up ${burn.factor === 1 ? 'faster than' : `more than ${factor} times as fast as`} it is given.`,
  });
}
