import type { Pack, Severity } from '../../pack/index.js';
import type { AlertRule } from './rule.js';

export interface AlertSpec {
  readonly name: string;
  readonly expr: string;
  readonly forSeconds?: number;
  readonly priority: Severity['priority'] | 'none';
  /** Left out where the expression itself joins the owner. */
  readonly team?: string;
  readonly labels?: Readonly<Record<string, string>>;
  /** Static, so that grouped alerts share it. */
  readonly summary: string;
  readonly description: string;
  /** Where the reader of the alert lands: a dashboard's uid, and its variables. */
  readonly dashboard: string;
}

/** The label that marks every alert of this pack, for routes in an existing Alertmanager tree. */
export const packLabel = { pack: 'kop' } as const;

export const overviewDashboardPath = 'kop-overview';

/** Who looks after the exporters themselves: the team called `platform`, else the first one described. */
export function operatingTeam(pack: Pack): string {
  const names = pack.teams.map((team) => team.name);
  return names.includes('platform') ? 'platform' : (names[0] ?? 'platform');
}

/** Who looks after roles, keys and what is encrypted by them: the team called `security`, else the operating one. */
export function securityTeam(pack: Pack): string {
  return pack.teams.some((team) => team.name === 'security') ? 'security' : operatingTeam(pack);
}

/** The one place where labels and annotations are decided. */
export function alertRule(pack: Pack, spec: AlertSpec): AlertRule {
  return {
    alert: spec.name,
    expr: spec.expr,
    ...(spec.forSeconds === undefined ? {} : { forSeconds: spec.forSeconds }),
    labels: {
      ...packLabel,
      severity: severityWord(pack, spec.priority),
      priority: spec.priority,
      ...(spec.team === undefined ? {} : { team: spec.team }),
      ...spec.labels,
    },
    annotations: {
      summary: spec.summary,
      description: spec.description,
      runbook_url: `${withoutSlash(pack.alerting.runbookBaseUrl)}/${spec.name}.md`,
      dashboard_url: `${withoutSlash(pack.alerting.dashboardBaseUrl)}/d/${spec.dashboard}`,
    },
  };
}

/** Existing routing trees know only the mixin words; a portal's own matrix is mapped onto them here. */
function severityWord(pack: Pack, priority: AlertSpec['priority']): string {
  if (priority === 'none') return 'none';
  return pack.severities.find((row) => row.priority === priority)?.severity ?? 'warning';
}

function withoutSlash(url: string): string {
  return url.replace(/\/+$/, '');
}
