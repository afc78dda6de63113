/** A description of an earlier version still means what it meant, and what is deprecated in it is named. */
import { expect, test } from 'vitest';
import { loadPack } from '../../../pack/index.js';

test('a description of an earlier version loads, and each deprecated key has a warning', () => {
  const pack = loadPack(['test/fixtures/pack/earlier/pack.yaml'], { requireSecrets: false });
  const said = pack.source.warnings;
  const deprecated = [
    'portals.kingston.limits.backoff is no longer used',
    'auditTrails.kingston.comparisons is a list of names',
    'auditTrails.kingston.witness of kind walinspect is no longer supported',
  ];
  for (const text of deprecated) expect(said.filter((one) => one.startsWith(text))).toHaveLength(1);
  expect(said.filter((one) => one.includes('the next version will refuse'))).toHaveLength(deprecated.length);
  const [trail] = pack.auditTrails;
  expect(trail?.witness).toBeUndefined();
  expect(trail?.comparisons.map(({ name }) => name)).toEqual([
    'provider-switches',
    'activity-without-log',
    'orphaned-valuations',
    'missing-irr',
    'activity-id-density',
    'logins-without-session',
  ]);
  expect(pack.workflows).toHaveLength(10);
});
