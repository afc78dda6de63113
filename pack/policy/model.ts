/** What all promises share: objectives, calendars, teams, severities, and when alerts fire. Every ratio is 0..1. */

export interface Objective {
  readonly name: string;
  readonly title: string;
  /** Promised share of good runs, 0..1. */
  readonly targetRatio: number;
  readonly periodDays: number;
}

export interface Calendar {
  readonly name: string;
  readonly timeZone: string;
  /** ISO weekdays, 1 = Monday. */
  readonly weekdays: readonly number[];
  /** Local minutes of the day, opening inclusive, closing exclusive. Closing before opening: on the next day. */
  readonly opensMinute: number;
  readonly closesMinute: number;
  /** A shipped table of bank holidays, such as `england-and-wales`. */
  readonly holidays?: string;
  /** ISO date to open or closed; takes precedence over everything else. */
  readonly overrides: Readonly<Record<string, 'open' | 'closed'>>;
}

export interface Team {
  readonly name: string;
  readonly title: string;
  readonly contact?: string;
}

/** One row of the severity matrix: our priority, and the severity that existing routing trees use. */
export interface Severity {
  readonly priority: 'critical' | 'high' | 'medium' | 'low';
  readonly severity: 'critical' | 'warning' | 'info';
  readonly respondWithinSeconds: number;
}

export interface Alerting {
  /** A burn alert needs at least this many missed runs in its long window. */
  readonly minimumMissedRuns: number;
  /** Series absent for this long count as no data. */
  readonly noDataForSeconds: number;
  /** Runs absent for this long, while the exporter is up, count as stalled. */
  readonly stalledForSeconds: number;
  readonly burn: readonly BurnWindow[];
  readonly runbookBaseUrl: string;
  readonly dashboardBaseUrl: string;
}

export interface BurnWindow {
  readonly name: string;
  readonly shortSeconds: number;
  readonly longSeconds: number;
  /** Burn rate: multiple of the rate that uses up the budget exactly at the end of the period. */
  readonly factor: number;
  readonly priority: Severity['priority'];
}
