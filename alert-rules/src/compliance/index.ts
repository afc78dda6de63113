import type { Pack } from '../../../pack/index.js';
import type { RuleDomain } from '../domain.js';
import type { RuleFile } from '../rule.js';
import { settings } from '../settings.js';
import { controlAlerts } from './controls.js';
import { evaluationAlerts } from './evaluation.js';
import { complianceInhibitions } from './inhibitions.js';
import { complianceRecordings } from './recordings.js';
import { registerAlerts } from './registers.js';
import { complianceTests } from './tests/index.js';

export const complianceRules: RuleDomain = {
  rules,
  tests: complianceTests,
  inhibitions: complianceInhibitions,
};

function rules(pack: Pack): RuleFile {
  return {
    path: 'alert-rules/prometheus/kop-compliance.yaml',
    about: 'Compliance: states of controls, waivers, obligations, changes of the rules, and the evidence behind them.',
    groups: [
      {
        name: 'kop-compliance',
        intervalSeconds: settings.intervalSeconds,
        rules: [...complianceRecordings(), ...controlAlerts(pack), ...registerAlerts(pack), ...evaluationAlerts(pack)],
      },
    ],
  };
}
