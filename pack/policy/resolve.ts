import type { Alerting, Calendar, Objective, Severity } from './model.js';
import type { ParsedAlerting } from './schema/alerting.js';
import type { ParsedCalendar } from './schema/calendar.js';
import type { ParsedObjective } from './schema/objective.js';
import { type ParsedSeverities, priorities } from './schema/severity.js';

export function resolveObjective(name: string, objective: ParsedObjective): Objective {
  return { name, title: objective.title, targetRatio: objective.target, periodDays: objective.period };
}

export function resolveCalendar(name: string, calendar: ParsedCalendar): Calendar {
  const { hours, ...rest } = calendar;
  return { name, ...rest, opensMinute: hours.opens, closesMinute: hours.closes };
}

export function resolveSeverities(severities: ParsedSeverities): Severity[] {
  return priorities.map((priority) => ({
    priority,
    severity: severities[priority].severity,
    respondWithinSeconds: severities[priority].respondWithin / 1000,
  }));
}

export function resolveAlerting(alerting: ParsedAlerting): Alerting {
  const { noDataFor, stalledFor, burn, runbookBaseUrl, dashboardBaseUrl, minimumMissedRuns } = alerting;
  return {
    minimumMissedRuns,
    noDataForSeconds: noDataFor / 1000,
    stalledForSeconds: stalledFor / 1000,
    burn: burn.map(({ short, long, ...rest }) => ({ ...rest, shortSeconds: short / 1000, longSeconds: long / 1000 })),
    runbookBaseUrl: runbookBaseUrl.replace(/\/+$/, ''),
    dashboardBaseUrl: dashboardBaseUrl.replace(/\/+$/, ''),
  };
}
