import type { Pack } from '../../pack/index.js';
import { ruleDomains } from './domains.js';
import { exporterAlerts, watchdog } from './exporter-alerts.js';
import { exporterPresenceRecording } from './presence.js';
import type { RuleFile } from './rule.js';
import { settings } from './settings.js';

/** Everything that Prometheus evaluates. A group's rules run in order, so recordings stand before what reads them. */
export function ruleFiles(pack: Pack): readonly RuleFile[] {
  const { intervalSeconds } = settings;
  return [
    ...ruleDomains.map(({ rules }) => rules(pack)),
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
