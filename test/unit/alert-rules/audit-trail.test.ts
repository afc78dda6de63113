import { describe, expect, it } from 'vitest';
import { trailsThat } from '../../../alert-rules/src/audit-trail/trails.js';
import { alertsOf, ruleFiles } from '../../../alert-rules/src/index.js';
import type { AuditTrail, Pack } from '../../../pack/model.js';
import { SecretText } from '../../../pack/secret.js';
import { packWith } from './pack.js';

const shipped = packWith();

function trail(changes: Partial<AuditTrail>): AuditTrail {
  const [first] = shipped.auditTrails;
  if (first === undefined) throw new Error('the shipped description has no audit trail');
  return { ...first, ...changes };
}

const witness = { kind: 'walinspect', database: trail({}).database } as const;
const exprOf = (pack: Pack, name: string) => alertsOf(ruleFiles(pack)).find(({ alert }) => alert === name)?.expr ?? '';

describe('trails', () => {
  it('are asked for what they have, and not for what none of them has', () => {
    const isA = ({ name }: AuditTrail) => name === 'a';
    const trails = (...names: readonly string[]) => packWith({ auditTrails: names.map((name) => trail({ name })) });
    expect(trailsThat(trails('a'), isA)).toBe('');
    expect(trailsThat(trails('a', 'c', 'b'), isA)).toBe(', trail!~"b|c"');
    expect(trailsThat(trails('b'), isA)).toBeUndefined();
  });
});

describe('evidence', () => {
  it('of a witness is missed only where there should be one', () => {
    expect(exprOf(shipped, 'AuditEvidenceUnknown')).not.toContain('source="witness"');
    expect(exprOf(shipped, 'AuditCheckStale')).not.toContain('witness');
    const witnessed = packWith({ auditTrails: [trail({ witness }), trail({ name: 'other' })] });
    expect(exprOf(witnessed, 'AuditEvidenceUnknown')).toContain('source="witness", trail!~"other"');
    expect(exprOf(witnessed, 'AuditCheckStale')).toContain('check="witness", trail!~"other"');
  });

  it('of comparisons is missed only where some are described', () => {
    expect(exprOf(shipped, 'AuditCheckStale')).toContain('check="comparisons"');
    expect(exprOf(packWith({ auditTrails: [trail({ comparisons: [] })] }), 'AuditCheckStale')).not.toContain(
      'comparisons',
    );
  });
});

describe('patience', () => {
  it('grows with the paces that the description gives', () => {
    const { observe } = trail({});
    const slow = packWith({
      auditTrails: [
        trail({
          observe: { ...observe, intervalMs: 600_000, confirmIntervalMs: 3_600_000 },
          seal: {
            origin: 'o',
            key: SecretText.literal('k'),
            directory: 'd',
            intervalMs: 300_000,
            maxRowsPerChunk: 1,
            verifyWithinMs: 1,
            anchors: [],
          },
        }),
      ],
    });
    expect(exprOf(shipped, 'AuditCheckStale')).toMatch(/> 600\b/);
    expect(exprOf(slow, 'AuditCheckStale')).toMatch(/> 3000\b/);
    expect(exprOf(slow, 'AuditCheckStale')).toMatch(/> 18000\b/);
    expect(exprOf(shipped, 'AuditCheckpointStale')).toMatch(/> 600\b/);
    expect(exprOf(slow, 'AuditCheckpointStale')).toMatch(/> 3000\b/);
  });
});

describe('teams', () => {
  it('answer for their trail, and the security team for roles', () => {
    const alerts = alertsOf(ruleFiles(shipped)).filter(({ alert }) => alert.startsWith('Audit'));
    const named = alerts.filter(({ labels }) => labels.team !== undefined);
    expect(named.map(({ alert, labels }) => [alert, labels.team])).toEqual([
      ['AuditBypassRolesIncreased', 'security'],
      ['AuditBypassPossible', 'security'],
      ['AuditReadersUnlogged', 'security'],
    ]);
    for (const { alert, expr } of alerts) if (!named.some((n) => n.alert === alert)) expect(expr).toMatch(/\bteam\b/);
  });
});
