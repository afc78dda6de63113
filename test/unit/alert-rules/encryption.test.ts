import { expect, it } from 'vitest';
import { alertsOf, ruleFiles } from '../../../alert-rules/src/index.js';
import type { Pack } from '../../../pack/index.js';
import { packWith } from './pack.js';

const shipped = packWith();
const find = (pack: Pack, name: string) => alertsOf(ruleFiles(pack)).find(({ alert }) => alert === name);

it('gives columns and keys to the team that the description names', () => {
  expect(find(shipped, 'EncryptionPlaintext')?.labels.team).toBe('security');
  const compliance = packWith({ encryption: shipped.encryption.map((one) => ({ ...one, team: 'compliance' })) });
  expect(find(compliance, 'EncryptionPlaintext')?.labels.team).toBe('compliance');
});

it('gives them to the security team when the description names several, or none', () => {
  const [first] = shipped.encryption;
  const several = first === undefined ? [] : [first, { ...first, name: 'other', team: 'compliance' }];
  expect(find(packWith({ encryption: several }), 'EncryptionNonceReuse')?.labels.team).toBe('security');
  expect(find(packWith({ encryption: [] }), 'EncryptionNonceReuse')?.labels.team).toBe('security');
});

it('is as patient as each probe asks for, whatever the description says when rules are made', () => {
  const slow = shipped.encryption.map((one) => ({ ...one, probe: { ...one.probe, intervalMs: 300_000 } }));
  const expr = find(shipped, 'EncryptionProbeStale')?.expr;
  expect(expr).toContain('field_encryption_probe_interval_seconds');
  expect(find(packWith({ encryption: slow }), 'EncryptionProbeStale')?.expr).toBe(expr);
});
