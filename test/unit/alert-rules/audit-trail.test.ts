import { describe, expect, it } from 'vitest';
import { trailsThat } from '../../../alert-rules/src/audit-trail/trails.js';
import { alertsOf, ruleFiles } from '../../../alert-rules/src/index.js';
import type { AuditTrail } from '../../../pack/audit-trail/model.js';
import type { Pack } from '../../../pack/index.js';
import { windowOf } from '../../../pack/metrics/index.js';
import { packWith } from './pack.js';

const shipped = packWith();

function trail(changes: Partial<AuditTrail>): AuditTrail {
  const [first] = shipped.auditTrails;
  if (first === undefined) throw new Error('the shipped description has no audit trail');
  return { ...first, ...changes };
}

const witness = { kind: 'decoding', database: trail({}).database, slot: 'kop_witness' } as const;
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
  it('is that of each trail, so that rules are the same whatever the intervals', () => {
    const slow = trail({ name: 'slow', observe: { ...trail({}).observe, intervalMs: 86_400_000 } });
    const rules = (pack: Pack) => JSON.stringify(ruleFiles(pack).find(({ path }) => path.endsWith('audit-trail.yaml')));
    expect(rules(packWith({ auditTrails: [trail({}), slow] }))).toBe(rules(packWith({ auditTrails: [trail({})] })));
  });

  it('writes no range that Prometheus refuses', () => {
    expect([windowOf(607.5), windowOf(5_400), windowOf(86_400)]).toEqual(['608s', '90m', '1d']);
  });
});

describe('teams', () => {
  it('answer for their trail, the security team for roles, and the platform team for what no trail has', () => {
    const alerts = alertsOf(ruleFiles(shipped)).filter(({ alert }) => alert.startsWith('Audit'));
    const named = alerts.filter(({ labels }) => labels.team !== undefined);
    expect(named.map(({ alert, labels }) => [alert, labels.team])).toEqual([
      ['AuditBypassRolesIncreased', 'security'],
      ['AuditBypassPossible', 'security'],
      ['AuditReadersUnlogged', 'security'],
      // No trail has it any more, so nobody's team is known.
      ['AuditStateOrphaned', 'platform'],
    ]);
    for (const { alert, expr } of alerts) if (!named.some((n) => n.alert === alert)) expect(expr).toMatch(/\bteam\b/);
  });
});
