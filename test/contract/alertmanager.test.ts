import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { z } from 'zod';
import { alertsOf, ruleFiles } from '../../alert-rules/src/index.js';
import { loadPack } from '../../pack/index.js';
import { run, runs } from './promql.js';

const path = 'alert-rules/alertmanager/alertmanager.yaml';
const pack = loadPack(['pack.yaml'], { requireSecrets: false });

interface Route {
  readonly receiver: string;
  readonly matchers?: readonly string[] | undefined;
  readonly routes?: readonly Route[] | undefined;
}
const route: z.ZodType<Route> = z.lazy(() =>
  z.object({ receiver: z.string(), matchers: z.array(z.string()).optional(), routes: z.array(route).optional() }),
);
const config = z
  .object({
    route,
    receivers: z.array(z.object({ name: z.string() })),
    inhibit_rules: z.array(
      z.object({
        source_matchers: z.array(z.string()),
        target_matchers: z.array(z.string()),
        equal: z.array(z.string()),
      }),
    ),
  })
  .parse(parse(readFileSync(path, 'utf8')));

const receivers = (node: Route): readonly string[] => [node.receiver, ...(node.routes ?? []).flatMap(receivers)];

describe('the Alertmanager configuration', () => {
  it('defines every receiver it names, and names every one it defines', () => {
    expect([...new Set(receivers(config.route))].sort()).toEqual(config.receivers.map(({ name }) => name).sort());
  });

  it('touches only alerts of this pack below its top route', () => {
    expect(config.route.routes?.map(({ matchers }) => matchers)).toEqual([['pack="kop"']]);
  });

  it('inhibits only within the pack, by labels that both sides are sure to have', () => {
    const sure: Record<string, readonly string[]> = {
      WorkflowSlaBurn: ['alertname', 'portal', 'workflow'],
      WorkflowCertificateExpiry: ['alertname', 'portal'],
      EncryptionLatencyBurn: ['alertname', 'portal', 'provider'],
      EncryptionProviderDown: ['portal', 'provider'],
      AuditTrailBroken: ['portal', 'trail', 'table'],
      AuditContinuityBreak: ['portal', 'trail', 'table'],
      AuditReplayMismatch: ['portal', 'trail', 'table'],
      AuditWitnessResidual: ['portal', 'trail', 'table'],
      AuditCountersDisagree: ['portal', 'trail'],
      ComplianceNoData: ['portal'],
      ComplianceEvidenceNotKept: ['pack', 'portal'],
      ComplianceNotEvaluated: ['portal'],
      CompliancePrometheusDown: ['portal'],
      ComplianceDatabaseDown: ['portal'],
      ComplianceRegisterUnreadable: ['portal'],
      ComplianceChangeNotReady: ['portal', 'change'],
      ComplianceChangeNotAssessed: ['portal', 'change'],
      ComplianceControlsUnknown: ['portal'],
      KopCollectorFailing: ['pack'],
    };
    const names = (matchers: readonly string[]) =>
      /^alertname=~?"([\w|]+)"$/.exec(matchers[1] ?? '')?.[1]?.split('|') ?? [];
    for (const { source_matchers: source, target_matchers: target, equal } of config.inhibit_rules) {
      expect(source[0]).toBe('pack="kop"');
      expect(target[0]).toBe('pack="kop"');
      const both = [...names(source), ...names(target)];
      expect(both.length).toBeGreaterThan(1);
      for (const name of both) {
        const had = sure[name] ?? [];
        expect(equal.filter((label) => label !== 'alertname' && !had.includes(label))).toEqual([]);
      }
      // Without the name in common, one alert of a kind would hide every other of that kind.
      if (names(source).some((name) => names(target).includes(name))) expect(equal).toContain('alertname');
    }
  });
});

describe.skipIf(!runs('amtool'))('amtool', () => {
  it('accepts it', () => {
    expect(run('amtool', ['check-config', path])).toContain('SUCCESS');
  });

  const routed = (labels: Readonly<Record<string, string>>) =>
    run('amtool', [
      'config',
      'routes',
      'test',
      `--config.file=${path}`,
      ...Object.entries(labels).map(([key, value]) => `${key}=${value}`),
    ]).trim();

  it.each(
    pack.teams.flatMap(({ name }) =>
      ['critical', 'high', 'medium', 'low'].map((priority) => [name, priority] as const),
    ),
  )('sends alerts of team %s with priority %s to a receiver of their own', (team, priority) => {
    expect(routed({ alertname: 'X', pack: 'kop', team, priority })).toBe(`kop-${team}-${priority}`);
  });

  it('sends the watchdog to the heartbeat', () => {
    const watchdog = alertsOf(ruleFiles(pack)).find(({ alert }) => alert === 'KopWatchdog');
    expect(routed({ alertname: 'KopWatchdog', ...watchdog?.labels })).toBe('kop-heartbeat');
  });

  it('loses no alert of an unknown team', () => {
    expect(routed({ alertname: 'X', pack: 'kop', team: 'unassigned', priority: 'critical' })).toBe(
      'kop-platform-medium',
    );
  });
});
