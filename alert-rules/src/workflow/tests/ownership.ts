import { workflowMetrics as m } from '../../../../pack/workflow/metrics.js';
import { workflowRecorded as r } from '../../../../pack/workflow/recorded.js';
import { ownershipTests } from '../../tests/ownership.js';
import type { TestFile } from '../../tests/scenario.js';
import { workflowRuleFiles } from './world.js';

export function workflowOwnershipTests(): TestFile {
  return ownershipTests('workflow', workflowRuleFiles, {
    name: 'workflow',
    info: m.info.name,
    without: m.slaTarget.name,
    identity: r.identity.name,
    labels: { portal: 'kingston', workflow: 'client-list' },
    about: { title: 'Client list', tier: 'core', connection: 'fresh' },
  });
}
