import type { Pack } from '../../../pack/model.js';
import type { RuleFile } from '../rule.js';
import { settings } from '../settings.js';
import { burnAlerts } from './burn.js';
import { presenceRecordings } from './presence.js';
import { providerAlerts } from './providers.js';
import { sliceRecordings, windowRecordings } from './recordings.js';
import { stateRecordings } from './state.js';
import { storedAlerts } from './stored.js';

export function encryptionFile(pack: Pack): RuleFile {
  const { intervalSeconds, sliceSeconds } = settings;
  return {
    path: 'alert-rules/prometheus/kop-encryption.yaml',
    about: 'Field encryption: service levels of providers, self-tests, what is stored, and keys.',
    groups: [
      { name: 'kop-encryption-slices', intervalSeconds: sliceSeconds, rules: sliceRecordings() },
      {
        name: 'kop-encryption',
        intervalSeconds,
        rules: [
          ...presenceRecordings(),
          ...windowRecordings(pack),
          ...stateRecordings(pack),
          ...burnAlerts(pack),
          ...providerAlerts(pack),
          ...storedAlerts(pack),
        ],
      },
    ],
  };
}
