import type { Pack } from '../../../pack/index.js';
import type { RuleDomain } from '../domain.js';
import type { RuleFile } from '../rule.js';
import { settings } from '../settings.js';
import { completenessAlerts } from './completeness.js';
import { auditTrailInhibitions } from './inhibitions.js';
import { mechanismAlerts } from './mechanism.js';
import { observingAlerts } from './observing.js';
import { presenceRecordings } from './presence.js';
import { recordAlerts } from './records.js';
import { sealAlerts } from './seal.js';
import { stateRecordings } from './state.js';
import { auditTrailTests } from './tests/index.js';

export const auditTrailRules: RuleDomain = { rules, tests: auditTrailTests, inhibitions: auditTrailInhibitions };

function rules(pack: Pack): RuleFile {
  return {
    path: 'alert-rules/prometheus/kop-audit-trail.yaml',
    about:
      'Audit trails: whether every change has its record, whether records are what they were, and whether anybody looks.',
    groups: [
      {
        name: 'kop-audit-trail',
        intervalSeconds: settings.intervalSeconds,
        rules: [
          ...presenceRecordings(),
          ...stateRecordings(),
          ...completenessAlerts(pack),
          ...mechanismAlerts(pack),
          ...recordAlerts(pack),
          ...sealAlerts(pack),
          ...observingAlerts(pack),
        ],
      },
    ],
  };
}
