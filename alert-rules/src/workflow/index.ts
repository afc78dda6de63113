import type { Pack } from '../../../pack/index.js';
import type { RuleFile } from '../rule.js';
import { settings } from '../settings.js';
import { workflowBurnAlerts } from './burn.js';
import { measuringAlerts } from './measuring.js';
import { portalAlerts } from './portal.js';
import { workflowPresenceRecordings } from './presence.js';
import { workflowSliceRecordings, workflowWindowRecordings } from './recordings.js';
import { stateRecording } from './state.js';

export function workflowFile(pack: Pack): RuleFile {
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
