import { auditMetrics as m } from '../../../../pack/audit-trail/metrics.js';
import { auditRecorded as r } from '../../../../pack/audit-trail/recorded.js';
import { ownershipTests } from '../../tests/ownership.js';
import type { TestFile } from '../../tests/scenario.js';

export function trailOwnershipTests(): TestFile {
  return ownershipTests('audit-trail', ['kop-audit-trail'], {
    name: 'audit trail',
    info: m.info.name,
    without: m.tablesInScope.name,
    identity: r.identity.name,
    labels: { portal: 'kingston', trail: 'main' },
    about: { title: 'Trail' },
  });
}
