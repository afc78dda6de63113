import { encryptionMetrics as m } from '../../../../pack/encryption/metrics.js';
import { encryptionRecorded as r } from '../../../../pack/encryption/recorded.js';
import { ownershipTests, scrapedSeries } from '../../tests/ownership.js';
import { type AlertScenario, fires, isEmpty, type TestFile } from '../../tests/scenario.js';

const labels = { portal: 'kingston', provider: 'vault' } as const;
const about = { kind: 'transit', title: 'OpenBao' } as const;

export function encryptionOwnershipTests(): TestFile {
  const owned = {
    name: 'provider of encryption',
    info: m.info.name,
    without: m.slaTarget.name,
    identity: r.identity.name,
    labels,
    about,
  };
  return ownershipTests('encryption', ['kop-encryption'], owned, [told()]);
}

function told(): AlertScenario {
  const alert = 'EncryptionSelfTestFailed';
  return {
    name: `${alert}: fires for the right team in the first half minute`,
    series: [
      scrapedSeries(m.info.name, { ...labels, ...about, team: 'security' }, '_ 1x9'),
      scrapedSeries(m.slaTarget.name, labels, '_ 0.01x9'),
      scrapedSeries(m.selfTest.name, { ...labels, test: 'wrong_aad' }, '_ 0x9'),
    ],
    queries: [fires(alert, 0.5, { team: 'security' }), isEmpty('ALERTS{team="unassigned"}', 0.5)],
  };
}
