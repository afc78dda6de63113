import type { Pack } from '../../../pack/index.js';
import { alertMatchers, burnFamily, type Inhibition } from '../inhibition.js';

export function workflowInhibitions(pack: Pack): readonly Inhibition[] {
  return [
    ...burnFamily(pack, 'WorkflowSlaBurn', 'workflow'),
    {
      source_matchers: alertMatchers('WorkflowCertificateExpiry', 'severity="critical"'),
      target_matchers: alertMatchers('WorkflowCertificateExpiry', 'severity!="critical"'),
      equal: ['alertname', 'portal'],
    },
  ];
}
