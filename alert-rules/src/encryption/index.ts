import type { Pack } from '../../../pack/index.js';
import type { RuleDomain } from '../domain.js';
import type { RuleFile } from '../rule.js';
import { settings } from '../settings.js';
import { encryptionBurnAlerts } from './burn.js';
import { encryptionInhibitions } from './inhibitions.js';
import { encryptionPresenceRecordings } from './presence.js';
import { providerAlerts } from './providers.js';
import { encryptionSliceRecordings, encryptionWindowRecordings } from './recordings.js';
import { encryptionStateRecordings } from './state.js';
import { storedAlerts } from './stored.js';
import { encryptionTests } from './tests/index.js';

export const encryptionRules: RuleDomain = { rules, tests: encryptionTests, inhibitions: encryptionInhibitions };

function rules(pack: Pack): RuleFile {
  const { intervalSeconds, sliceSeconds } = settings;
  return {
    path: 'alert-rules/prometheus/kop-encryption.yaml',
    about: 'Field encryption: service levels of providers, self-tests, what is stored, and keys.',
    groups: [
      { name: 'kop-encryption-slices', intervalSeconds: sliceSeconds, rules: encryptionSliceRecordings() },
      {
        name: 'kop-encryption',
        intervalSeconds,
        rules: [
          ...encryptionPresenceRecordings(),
          ...encryptionWindowRecordings(pack),
          ...encryptionStateRecordings(pack),
          ...encryptionBurnAlerts(pack),
          ...providerAlerts(pack),
          ...storedAlerts(pack),
        ],
      },
    ],
  };
}
