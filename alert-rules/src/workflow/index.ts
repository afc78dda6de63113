import type { Pack } from '../../../pack/index.js';
import type { RuleDomain } from '../domain.js';
import type { RuleFile } from '../rule.js';
import { settings } from '../settings.js';
import { workflowBurnAlerts } from './burn.js';
import { infeasibleBurns } from './feasible.js';
import { workflowInhibitions } from './inhibitions.js';
import { measuringAlerts } from './measuring.js';
import { portalAlerts } from './portal.js';
import { workflowPresenceRecordings } from './presence.js';
import { workflowSliceRecordings, workflowWindowRecordings } from './recordings.js';
import { stateRecording } from './state.js';
import { workflowTests } from './tests/index.js';

export const workflowRules: RuleDomain = {
  rules,
  tests: workflowTests,
  inhibitions: workflowInhibitions,
  infeasible: infeasibleBurns,
};

function rules(pack: Pack): RuleFile {
  const { intervalSeconds, sliceSeconds } = settings;
  return {
    path: 'alert-rules/prometheus/kop-workflow-sla.yaml',
    about: 'Service levels of workflows: recordings, burn-rate alerts, and alerts when nothing is measured.',
    groups: [
      { name: 'kop-workflow-sla-slices', intervalSeconds: sliceSeconds, rules: workflowSliceRecordings(pack) },
      {
        name: 'kop-workflow-sla',
        intervalSeconds,
        rules: [
          ...workflowPresenceRecordings(),
          ...workflowWindowRecordings(pack),
          stateRecording(pack),
          ...workflowBurnAlerts(pack),
          ...measuringAlerts(pack),
          ...portalAlerts(pack),
        ],
      },
    ],
  };
}
