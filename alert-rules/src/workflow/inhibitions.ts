import type { Pack } from '../../../pack/index.js';
import { burnFamily, type Inhibition, named } from '../inhibition.js';

export function workflowInhibitions(pack: Pack): readonly Inhibition[] {
  return [
    ...burnFamily(pack, 'WorkflowSlaBurn', 'workflow'),
    {
      source_matchers: named('WorkflowCertificateExpiry', 'severity="critical"'),
      target_matchers: named('WorkflowCertificateExpiry', 'severity!="critical"'),
      equal: ['alertname', 'portal'],
    },
  ];
}
