import { complianceMetrics as m } from '../../../../pack/compliance/metrics.js';
import { complianceRecorded as r } from '../../../../pack/compliance/recorded.js';
import { ownershipTests } from '../../tests/ownership.js';
import type { TestFile } from '../../tests/scenario.js';

export function complianceOwnershipTests(): TestFile {
  const owned = {
    name: 'compliance board',
    info: m.board.name,
    without: m.evidenceKept.name,
    identity: r.identity.name,
    labels: { portal: 'kingston' },
    about: { board: 'kingston', title: 'Board' },
  };
  return ownershipTests('compliance', ['kop-compliance'], owned);
}
