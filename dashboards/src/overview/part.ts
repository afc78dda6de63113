import type { DashboardRow } from '../kit/dashboard.js';
import type { Panel, QueryTarget } from '../kit/types.js';

/** What a domain shows on the overview: a light in the first row, and a row of its own. */
export interface OverviewPart {
  readonly light: Panel;
  /** Of the 24 columns of the first row; all lights are made to fit. */
  readonly lightWidth: number;
  readonly row: DashboardRow;
  /** Labels that say what an alert of the domain is about, most important first. */
  readonly subjects: readonly string[];
}

export const one = (expr: string, legendFormat: string): QueryTarget => ({ expr, legendFormat, instant: true });
export const cells = (expr: string): QueryTarget => ({ expr, legendFormat: '', instant: true, format: 'table' });
