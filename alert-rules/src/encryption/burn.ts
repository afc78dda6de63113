import { encryptionRecorded as r } from '../../../pack/encryption/recorded.js';
import type { Pack } from '../../../pack/index.js';
import { windowOf } from '../../../pack/metrics/index.js';
import { burning, goesOn } from '../burn.js';
import type { AlertRule } from '../rule.js';
import { providerAlert } from './owner.js';

/** The same family as for workflows: one name, told apart by `window`. */
export function encryptionBurnAlerts(pack: Pack): readonly AlertRule[] {
  return pack.alerting.burn.map((burn) =>
    providerAlert(pack, {
      name: 'EncryptionLatencyBurn',
      priority: burn.priority,
      labels: { window: burn.name },
      expr: burning(pack, burn, r),
      summary: 'Encrypting or decrypting a field takes longer than promised, or fails, too often.',
      description:
        '{{ $value | humanizePercentage }} of the encryptions and decryptions by {{ $labels.provider }} on {{ $labels.portal }} failed or ' +
        `missed the SLA in the last ${windowOf(burn.longSeconds)}. ${goesOn(burn)}`,
    }),
  );
}
