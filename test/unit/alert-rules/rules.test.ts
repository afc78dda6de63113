import { describe, expect, it } from 'vitest';
import { alertsOf, burnWindows, infeasible, isAlert, ruleFiles } from '../../../alert-rules/src/index.js';
import { periods } from '../../../alert-rules/src/workflow/periods.js';
import { packWith } from './pack.js';

const shipped = packWith();

describe('alerts', () => {
  it('take the words of the severity matrix', () => {
    const pack = packWith({
      severities: shipped.severities.map((row) => (row.priority === 'high' ? { ...row, severity: 'warning' } : row)),
    });
    const stalled = alertsOf(ruleFiles(pack)).find(({ alert }) => alert === 'WorkflowSlaStalled');
    expect(stalled?.labels).toMatchObject({ priority: 'high', severity: 'warning' });
  });

  it('follow the times of the description', () => {
    const pack = packWith({ alerting: { ...shipped.alerting, noDataForSeconds: 1_200, minimumMissedRuns: 5 } });
    const alerts = alertsOf(ruleFiles(pack));
    expect(alerts.find(({ alert }) => alert === 'WorkflowSlaNoData')?.forSeconds).toBe(1_200);
    expect(alerts.find(({ alert }) => alert === 'WorkflowSlaBurn')?.expr).toContain(
      'workflow:sla_missed:increase1h > 4.5',
    );
  });

  it('of a fault of ours last from one run of the slowest workflow to the next', () => {
    const range = (intervalMs: number) => {
      const workflows = shipped.workflows.map((one) => ({ ...one, schedule: { ...one.schedule, intervalMs } }));
      const fault = alertsOf(ruleFiles(packWith({ workflows }))).find(({ alert }) => alert === 'WorkflowExporterFault');
      return /\[(\w+)\]/.exec(fault?.expr ?? '')?.[1];
    };
    expect([range(15_000), range(3_600_000)]).toEqual(['15m', '2h']);
  });

  it('link to runbooks and dashboards wherever those are', () => {
    const pack = packWith({
      alerting: { ...shipped.alerting, runbookBaseUrl: 'https://wiki/kop/', dashboardBaseUrl: 'https://grafana/' },
    });
    const watchdog = alertsOf(ruleFiles(pack)).find(({ alert }) => alert === 'KopWatchdog');
    expect(watchdog?.annotations).toMatchObject({
      runbook_url: 'https://wiki/kop/KopWatchdog.md',
      dashboard_url: 'https://grafana/d/kop-overview',
    });
  });

  it('belong to the first team where none is called platform', () => {
    const pack = packWith({ teams: [{ name: 'web', title: 'Web' }] });
    expect(alertsOf(ruleFiles(pack)).find(({ alert }) => alert === 'KopExporterDown')?.labels.team).toBe('web');
  });
});

describe('windows', () => {
  it('are those of the burn alerts, and an hour and a day for the dashboards', () => {
    const [first] = shipped.alerting.burn;
    const burn = first === undefined ? [] : [{ ...first, shortSeconds: 600, longSeconds: 5_400 }];
    const pack = packWith({ alerting: { ...shipped.alerting, burn } });
    expect(burnWindows(pack).map(({ name }) => name)).toEqual(['10m', '1h', '90m', '1d']);
  });
});

describe('periods', () => {
  it('need no names of workflows while there is one only', () => {
    expect(periods(shipped)).toEqual([{ days: 30, matcher: '' }]);
  });

  it('name the workflows of the rarer ones', () => {
    const pack = packWith({
      objectives: shipped.objectives.map((o) => (o.name === 'available' ? { ...o, periodDays: 7 } : o)),
    });
    expect(periods(pack)).toEqual([
      { days: 30, matcher: '{workflow!~"auth-canary|health-canary"}' },
      { days: 7, matcher: '{workflow=~"auth-canary|health-canary"}' },
    ]);
    const recorded = ruleFiles(pack).flatMap(({ groups }) => groups.flatMap(({ rules }) => rules));
    expect(
      recorded.filter((rule) => !isAlert(rule) && rule.record.name === 'workflow:sla_runs:increase_period'),
    ).toHaveLength(2);
  });
});

describe('infeasible', () => {
  it('has nothing to say of the shipped description', () => {
    expect(infeasible(shipped)).toEqual([]);
  });

  it('finds a burn alert above every run', () => {
    const pack = packWith({
      objectives: shipped.objectives.map((o) => ({ ...o, targetRatio: 0.9 })),
      workflows: shipped.workflows.filter(({ name }) => name === 'search'),
    });
    expect(infeasible(pack)).toEqual([
      'the burn alert "fast" can never fire for "search": 14.4 times the error budget of "responsive" is more than every run; ' +
        'it needs a target above 93.06%',
    ]);
  });

  it('finds a window that holds too few runs', () => {
    const pack = packWith({
      workflows: shipped.workflows
        .filter(({ name }) => name === 'search')
        .map((w) => ({ ...w, schedule: { ...w.schedule, intervalMs: 1_800_000 } })),
    });
    expect(infeasible(pack)).toEqual([
      'the burn alert "fast" can never fire for "search": its long window holds 2 runs, and alerting.minimumMissedRuns asks ' +
        'for 3 missed ones',
    ]);
  });
});
