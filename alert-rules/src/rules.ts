import type { Pack } from '../../pack/model.js';
import { auditTrailFile } from './audit-trail/index.js';
import { encryptionFile } from './encryption/index.js';
import { exporterAlerts, watchdog } from './exporter-alerts.js';
import { exporterPresenceRecording } from './presence.js';
import type { RuleFile } from './rule.js';
import { settings } from './settings.js';
import { burnAlerts } from './workflow/burn.js';
import { measuringAlerts } from './workflow/measuring.js';
import { portalAlerts } from './workflow/portal.js';
import { presenceRecordings } from './workflow/presence.js';
import { sliceRecordings, windowRecordings } from './workflow/recordings.js';
import { stateRecording } from './workflow/state.js';

/** Everything that Prometheus evaluates. A group's rules run in order, so recordings stand before what reads them. */
export function ruleFiles(pack: Pack): readonly RuleFile[] {
  const { intervalSeconds, sliceSeconds } = settings;
  return [
    {
      path: 'alert-rules/prometheus/kop-workflow-sla.yaml',
      about: 'Service levels of workflows: recordings, burn-rate alerts, and alerts when nothing is measured.',
      groups: [
        { name: 'kop-workflow-sla-slices', intervalSeconds: sliceSeconds, rules: sliceRecordings(pack) },
        {
          name: 'kop-workflow-sla',
          intervalSeconds,
          rules: [
            ...presenceRecordings(),
            ...windowRecordings(pack),
            stateRecording(pack),
            ...burnAlerts(pack),
            ...measuringAlerts(pack),
            ...portalAlerts(pack),
          ],
        },
      ],
    },
    auditTrailFile(pack),
    encryptionFile(pack),
    {
      path: 'alert-rules/prometheus/kop-exporters.yaml',
      about: 'The exporters themselves, and a watchdog.',
      groups: [
        { name: 'kop-exporters', intervalSeconds, rules: [exporterPresenceRecording(), ...exporterAlerts(pack)] },
        { name: 'kop-watchdog', intervalSeconds, rules: [watchdog(pack)] },
      ],
    },
  ];
}
